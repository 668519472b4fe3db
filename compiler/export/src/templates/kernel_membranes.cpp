// Resets the membranes of lanes that are not 0, in columns of the view.
template <typename View>
static void reset_membranes(Lanes const& row, View const& view)
{
	VectorRowMod8 chosen(0);
	for (auto const column : view.columns) {
		chosen[column] = at(row, column) ? 1 : 0;
	}
	set_row_via_vector_masked(chosen, chosen, 0, dls_neuron_reset_base);
}

