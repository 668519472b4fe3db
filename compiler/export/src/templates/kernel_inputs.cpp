// Values that the host gives column by column.
static inline Lanes in_columns(int16_t const* const values)
{
	Lanes result;
	for (size_t column = 0; column < 256; ++column) {
		at(result, column) = values[column];
	}
	return result;
}

