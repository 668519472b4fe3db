// The rule `@name@` for the plasticity interface of pynn-brainscales and grenade.
// Written by @maker@; @cost@.
//
// Each PPU updates the part of the views that lies in its hemisphere; state and random numbers are
// its own. The first invocation measures baselines and runs the rule's `start`, the others update.
@notes@#include "grenade/vx/ppu/neuron_view_handle.h"
#include "grenade/vx/ppu/synapse_array_view_handle.h"
#include "grenade/vx/ppu/time.h"
#include "hate/tuple.h"
#include "libnux/vx/correlation.h"
#include "libnux/vx/dls.h"
@generators@#include "libnux/vx/reset_neurons.h"
#include "libnux/vx/vector_if.h"
#include "libnux/vx/vector_row.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern volatile libnux::vx::PPUOnDLS ppu;

// Words that the host may change before a run, by these symbols.
extern "C" {
@symbols@}

namespace @space@ {

using namespace libnux::vx;
using namespace grenade::vx::ppu;

// Signed lanes of 16 bits, one a column, and the same lanes without arithmetic.
typedef VectorRowFracSat16 Lanes;
typedef VectorRowMod16 Bits;
typedef VectorIfCondition If;

static inline Lanes lanes(Bits const& x) { return static_cast<Lanes>(x); }
static inline Bits bits(Lanes const& x) { return static_cast<Bits>(x); }
static inline Lanes widened(VectorRowMod8 const& x) { return lanes(static_cast<Bits>(x)); }
static inline VectorRowMod8 narrowed(Lanes const& x) { return static_cast<VectorRowMod8>(bits(x)); }

// The lane of a column: conversion from bytes puts lanes 16 s .. 16 s + 7 of half a row to its left.
template <typename Row>
static inline auto& at(Row& row, size_t const column)
{
	auto& half = (column % 2) ? row.odd : row.even;
	size_t const lane = column / 2;
	size_t const index = 8 * (lane / 16) + lane % 8;
	return (lane % 16 < 8) ? half.left[index] : half.right[index];
}

static inline Lanes smaller(Lanes const& a, Lanes const& b) { return vector_if(a - b, If::lesser, a, b); }
static inline Lanes larger(Lanes const& a, Lanes const& b) { return vector_if(a - b, If::greater, a, b); }

// Low halves of sums, differences and products.
static inline Lanes add(Lanes const& a, Lanes const& b) { return lanes(bits(a) + bits(b)); }
static inline Lanes sub(Lanes const& a, Lanes const& b) { return lanes(bits(a) - bits(b)); }
static inline Lanes mul(Lanes const& a, Lanes const& b) { return lanes(bits(a) * bits(b)); }

// Fractional product to nearest, ties up: the product rounded down, and bit 14 of the exact one.
static inline Lanes mul_round(Lanes const& a, Lanes const& b)
{
	return a * b + lanes(((bits(a) * bits(b)) << 1) >> 15);
}

// Division by a power of two to nearest, ties up, and ties away from zero.
static inline Lanes shift_round(Lanes const& x, int const places)
{
	if (places == 1) {
		return (x >> 1) + lanes((bits(x) << 15) >> 15);
	}
	return ((x >> (places - 1)) + Lanes(1)) >> 1;
}
static inline Lanes shift_round_away(Lanes const& x, int const places)
{
	return shift_round(x + (x >> 15), places);
}

// Masks are 1 where they hold, else 0.
static inline Lanes both(Lanes const& a, Lanes const& b) { return vector_if(a, If::unequal, b, a); }
static inline Lanes either(Lanes const& a, Lanes const& b) { return vector_if(a, If::unequal, a, b); }
static inline Lanes negated(Lanes const& a) { return Lanes(1) - a; }

@sections@static bool started = false;
static uint32_t update_index = 0;
@storage@
@functions@} // namespace @space@

template <size_t NS, size_t NN>
void PLASTICITY_RULE_KERNEL(
    [[maybe_unused]] std::array<grenade::vx::ppu::SynapseArrayViewHandle, NS>& synapses,
    [[maybe_unused]] std::array<grenade::vx::ppu::NeuronViewHandle, NN>& neurons@recording_parameter@)
{
	using namespace @space@;
@entry@}
