template <typename Columns>
[[maybe_unused]] static int32_t sum(Lanes const& row, Columns const& columns)
{
	int32_t result = 0;
	for (auto const column : columns) {
		result += at(row, column);
	}
	return result;
}

template <typename Columns>
[[maybe_unused]] static int32_t least(Lanes const& row, Columns const& columns)
{
	int16_t result = INT16_MAX;
	for (auto const column : columns) {
		result = at(row, column) < result ? at(row, column) : result;
	}
	return result;
}

template <typename Columns>
[[maybe_unused]] static int32_t greatest(Lanes const& row, Columns const& columns)
{
	int16_t result = INT16_MIN;
	for (auto const column : columns) {
		result = at(row, column) > result ? at(row, column) : result;
	}
	return result;
}

