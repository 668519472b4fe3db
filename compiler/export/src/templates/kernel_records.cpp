// Stores the lanes of a view's columns, and words as their upper and lower halves.
template <typename Columns, typename Values>
[[maybe_unused]] static void take(Lanes const& row, Columns const& columns, Values& values)
{
	size_t index = 0;
	for (auto const column : columns) {
		values[index] = at(row, column);
		++index;
	}
}

template <typename Values>
[[maybe_unused]] static void take_word(int32_t const word, Values& values, size_t const index)
{
	values[2 * index] = static_cast<uint16_t>(static_cast<uint32_t>(word) >> 16);
	values[2 * index + 1] = static_cast<uint16_t>(word);
}

