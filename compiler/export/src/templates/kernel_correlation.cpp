// ADC codes without correlation, the mean of each column over the rows of the view.
static Lanes baseline_causal;
static Lanes baseline_acausal;

template <typename Synapses>
static void measure_baselines(Synapses& synapses)
{
	size_t const rows = synapses.rows.size();
	Bits causal(0);
	Bits acausal(0);
	for (size_t row = 0; row < rows; ++row) {
		synapses.reset_correlation(row);
	}
	for (size_t row = 0; row < rows; ++row) {
		auto const codes = synapses.get_correlation(row, false);
		causal += static_cast<Bits>(codes.causal);
		acausal += static_cast<Bits>(codes.acausal);
	}
	for (size_t column = 0; column < 256; ++column) {
		at(baseline_causal, column) = (2 * at(causal, column) + rows) / (2 * rows);
		at(baseline_acausal, column) = (2 * at(acausal, column) + rows) / (2 * rows);
	}
}

// Codes fall as correlation grows: baseline minus code, -128 to 127.
static inline Lanes signal(Lanes const& baseline, VectorRowMod8 const& codes)
{
	return larger(smaller(baseline - widened(codes), Lanes(127)), Lanes(-128));
}

