static inline Lanes columns()
{
	Lanes result;
	for (size_t column = 0; column < 256; ++column) {
		at(result, column) = static_cast<int16_t>(column);
	}
	return result;
}

