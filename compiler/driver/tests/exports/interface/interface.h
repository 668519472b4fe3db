// What kernels use of grenade and libnux, on the host: vectors of 128 bytes with the arithmetic of the
// vector unit, its order of lanes in conversions, and view handles on arrays of the test.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <tuple>
#include <vector>

namespace libnux::vx {

enum class PPUOnDLS : uint32_t { top = 0, bottom = 1 };

constexpr uint32_t dls_weight_base = 0x00000000;
constexpr uint32_t dls_decoder_base = 0x00040000;
constexpr uint32_t dls_causal_base = 0x00080000;
constexpr uint32_t dls_neuron_reset_base = 0x00c90000 + 512;

// One register: `Saturates` for signed fractions, else modulo.
template <typename T, bool Saturates>
struct Vector {
	typedef T Element;
	static constexpr size_t size = 128 / sizeof(T);
	T data[size];
	Vector() : data() {}
	Vector(T const value) { for (auto& lane : data) lane = value; }
	T& operator[](size_t i) { return data[i]; }
	T const& operator[](size_t i) const { return data[i]; }

	static T clamped(int64_t x)
	{
		constexpr int64_t top = (int64_t(1) << (8 * sizeof(T) - 1)) - 1;
		return static_cast<T>(x > top ? top : x < -top - 1 ? -top - 1 : x);
	}
	template <typename F>
	static Vector each(Vector const& a, Vector const& b, F f)
	{
		Vector r;
		for (size_t i = 0; i < size; ++i) {
			int64_t const x = a.data[i], y = b.data[i];
			r.data[i] = Saturates ? clamped(f(x, y)) : static_cast<T>(f(x, y));
		}
		return r;
	}
	Vector operator+(Vector const& b) const { return each(*this, b, [](int64_t x, int64_t y) { return x + y; }); }
	Vector operator-(Vector const& b) const { return each(*this, b, [](int64_t x, int64_t y) { return x - y; }); }
	// Fractions: twice the product, its upper half, towards minus infinity.
	Vector operator*(Vector const& b) const
	{
		return each(*this, b, [](int64_t x, int64_t y) {
			return Saturates ? (2 * x * y) >> (8 * sizeof(T)) : x * y;
		});
	}
	// Fractions keep their sign; the others are shifted logically.
	Vector operator<<(int places) const
	{
		Vector r;
		for (size_t i = 0; i < size; ++i) {
			int64_t const x = data[i];
			r.data[i] = static_cast<T>(places >= 0 ? x << places : x >> -places);
		}
		return r;
	}
	Vector operator>>(int places) const { return *this << -places; }
	Vector operator-() const { return Vector(0) - *this; }
};

// Half a row: of halfwords two registers.
template <typename T, bool Saturates, bool Wide = (sizeof(T) == 2)>
struct HalfRow : Vector<T, Saturates> {
	typedef Vector<T, Saturates> Base;
	using Base::Base;
	HalfRow(Base const& base) : Base(base) {}
	HalfRow() = default;
	template <typename F>
	static HalfRow each(HalfRow const& a, HalfRow const& b, F f) { return HalfRow(f(static_cast<Base const&>(a), static_cast<Base const&>(b))); }
};
template <typename T, bool Saturates>
struct HalfRow<T, Saturates, true> {
	typedef Vector<T, Saturates> Quarter;
	Quarter left, right;
	HalfRow() = default;
	HalfRow(T const value) : left(value), right(value) {}
	T& operator[](size_t i) { return i < 64 ? left[i] : right[i - 64]; }
	T const& operator[](size_t i) const { return i < 64 ? left[i] : right[i - 64]; }
	template <typename F>
	static HalfRow each(HalfRow const& a, HalfRow const& b, F f)
	{
		HalfRow r;
		r.left = f(a.left, b.left);
		r.right = f(a.right, b.right);
		return r;
	}
};

template <typename T, bool Saturates>
struct Row {
	typedef HalfRow<T, Saturates> Half;
	typedef T Element;
	Half even, odd;
	Row() = default;
	Row(T const value) : even(value), odd(value) {}
	T& operator[](size_t i) { return i % 2 ? odd[i / 2] : even[i / 2]; }
	T const& operator[](size_t i) const { return i % 2 ? odd[i / 2] : even[i / 2]; }
	template <typename F>
	static Row each(Row const& a, Row const& b, F f)
	{
		Row r;
		r.even = Half::each(a.even, b.even, f);
		r.odd = Half::each(a.odd, b.odd, f);
		return r;
	}
	Row operator+(Row const& b) const { return each(*this, b, [](auto const& x, auto const& y) { return x + y; }); }
	Row operator-(Row const& b) const { return each(*this, b, [](auto const& x, auto const& y) { return x - y; }); }
	Row operator*(Row const& b) const { return each(*this, b, [](auto const& x, auto const& y) { return x * y; }); }
	Row operator<<(int n) const { return each(*this, *this, [n](auto const& x, auto const&) { return x << n; }); }
	Row operator>>(int n) const { return each(*this, *this, [n](auto const& x, auto const&) { return x >> n; }); }
	Row& operator+=(Row const& b) { return *this = *this + b; }
	Row& operator-=(Row const& b) { return *this = *this - b; }
	template <typename Other>
	explicit operator Other() const;
};

typedef Row<int8_t, true> VectorRowFracSat8;
typedef Row<int16_t, true> VectorRowFracSat16;
typedef Row<uint8_t, false> VectorRowMod8;
typedef Row<uint16_t, false> VectorRowMod16;
typedef VectorRowMod8 vector_row_t;

template <>
template <>
inline VectorRowMod16::operator VectorRowFracSat16() const
{
	VectorRowFracSat16 r;
	for (size_t i = 0; i < 256; ++i) r[i] = static_cast<int16_t>((*this)[i]);
	return r;
}
template <>
template <>
inline VectorRowFracSat16::operator VectorRowMod16() const
{
	VectorRowMod16 r;
	for (size_t i = 0; i < 256; ++i) r[i] = static_cast<uint16_t>((*this)[i]);
	return r;
}
// Unpacking works on slices of 16 bytes: their first halves go left, the others right.
template <>
template <>
inline VectorRowMod8::operator VectorRowMod16() const
{
	VectorRowMod16 r;
	for (size_t i = 0; i < 128; ++i) {
		size_t const at = 8 * (i / 16) + i % 8;
		(i % 16 < 8 ? r.even.left : r.even.right)[at] = even[i];
		(i % 16 < 8 ? r.odd.left : r.odd.right)[at] = odd[i];
	}
	return r;
}
template <>
template <>
inline VectorRowMod16::operator VectorRowMod8() const
{
	VectorRowMod8 r;
	for (size_t i = 0; i < 128; ++i) {
		size_t const at = 8 * (i / 16) + i % 8;
		r.even[i] = static_cast<uint8_t>((i % 16 < 8 ? even.left : even.right)[at]);
		r.odd[i] = static_cast<uint8_t>((i % 16 < 8 ? odd.left : odd.right)[at]);
	}
	return r;
}

enum class VectorIfCondition { greater, lesser, equal, greater_equal, lesser_equal, unequal };

template <typename T>
Row<T, true> vector_if(
    Row<T, true> const& mask, VectorIfCondition c, Row<T, true> const& a, Row<T, true> const& b)
{
	Row<T, true> r;
	for (size_t i = 0; i < 256; ++i) {
		T const x = mask[i];
		bool const holds = c == VectorIfCondition::greater ? x > 0
		    : c == VectorIfCondition::lesser               ? x < 0
		    : c == VectorIfCondition::equal                ? x == 0
		    : c == VectorIfCondition::greater_equal        ? x >= 0
		    : c == VectorIfCondition::lesser_equal         ? x <= 0
		                                                   : x != 0;
		r[i] = holds ? a[i] : b[i];
	}
	return r;
}

// The chip: rows of the view at six times their position.
struct Chip {
	uint8_t planes[4][65536]; // weights, addresses, causal and acausal codes
	uint8_t baselines[2][256];
	uint8_t counters[256], membranes[256];
	uint8_t resets[65536], membrane_resets[256];
	uint16_t taps[256], generators[256]; // shift registers, and the bits whose parity comes next
	bool fresh = true; // sensors that were never used read their baselines
};
inline Chip chip;

inline VectorRowMod8 get_row_via_vector(size_t const row, uint32_t const base)
{
	VectorRowMod8 r;
	for (size_t i = 0; i < 256; ++i) r[i] = chip.planes[base == dls_weight_base ? 0 : 1][256 * (row / 6) + i];
	return r;
}
inline void set_row_via_vector_masked(
    VectorRowMod8 const& values, VectorRowMod8 const& mask, size_t const row, uint32_t const base)
{
	for (size_t i = 0; i < 256; ++i) {
		if (static_cast<int8_t>(mask[i]) <= 0) continue;
		size_t const at = 256 * (row / 6) + i;
		if (base == dls_weight_base) chip.planes[0][at] = values[i] & 0x3f;
		else if (base == dls_decoder_base) chip.planes[1][at] = values[i] & 0x3f;
		else if (base == dls_causal_base) chip.resets[at] |= values[i] & 3;
		else if (base == dls_neuron_reset_base && row == 0) chip.membrane_resets[i] = 1;
		else abort();
	}
}

inline void parallel_rng_seed(VectorRowMod8 const& seeds)
{
	for (size_t i = 0; i < 256; ++i) chip.generators[i] = seeds[i];
}
template <typename Bytes>
Bytes parallel_rng_rand()
{
	Bytes r;
	for (size_t i = 0; i < 256; ++i) {
		uint16_t& state = chip.generators[i];
		state = static_cast<uint16_t>(state << 1 | __builtin_parity(state & chip.taps[i]));
		r[i] = static_cast<uint8_t>(state);
	}
	return r;
}

} // namespace libnux::vx

namespace grenade::vx::ppu {

using libnux::vx::chip;
using libnux::vx::VectorRowMod8;

inline uint64_t now() { return 250000; }

struct SynapseArrayViewHandle {
	std::vector<uint8_t> columns, rows;
	libnux::vx::PPUOnDLS hemisphere;
	VectorRowMod8 column_mask;
	struct Correlation { VectorRowMod8 causal, acausal; };

	VectorRowMod8 get_weights(size_t j) const { return libnux::vx::get_row_via_vector(rows.at(j), libnux::vx::dls_weight_base); }
	void set_weights(VectorRowMod8 const& row, size_t j) const
	{
		libnux::vx::set_row_via_vector_masked(row, column_mask, rows.at(j), libnux::vx::dls_weight_base);
	}
	Correlation get_correlation(size_t j, bool reset) const
	{
		Correlation r;
		for (size_t i = 0; i < 256; ++i) {
			size_t const at = 256 * (rows.at(j) / 6) + i;
			r.causal[i] = chip.fresh ? chip.baselines[0][i] : chip.planes[2][at];
			r.acausal[i] = chip.fresh ? chip.baselines[1][i] : chip.planes[3][at];
		}
		if (reset) reset_correlation(j);
		return r;
	}
	void reset_correlation(size_t j) const
	{
		libnux::vx::set_row_via_vector_masked(VectorRowMod8(3), column_mask, rows.at(j), libnux::vx::dls_causal_base);
	}
};

struct NeuronViewHandle {
	std::vector<uint8_t> columns;
	libnux::vx::PPUOnDLS hemisphere;

	VectorRowMod8 get_rate_counters(bool reset)
	{
		VectorRowMod8 r(0);
		for (auto const column : columns) {
			r[column] = chip.counters[column];
			if (reset) chip.counters[column] = 0;
		}
		return r;
	}
	VectorRowMod8 get_analog_readouts() const
	{
		VectorRowMod8 r;
		for (size_t i = 0; i < 256; ++i) r[i] = chip.membranes[i];
		return r;
	}
};

} // namespace grenade::vx::ppu

namespace hate {

template <size_t I, typename F, typename... Lists>
void for_index(F& f, Lists&... lists)
{
	f(std::get<I>(lists)...);
}
template <typename F, typename Indices, typename... Lists>
struct Walk;
template <typename F, size_t... I, typename... Lists>
struct Walk<F, std::index_sequence<I...>, Lists...> {
	static void walk(F& f, Lists&... lists) { (for_index<I>(f, lists...), ...); }
};
template <typename F, typename First, typename... Lists>
void for_each(F f, First& first, Lists&... lists)
{
	typedef std::make_index_sequence<std::tuple_size<First>::value> Indices;
	Walk<F, Indices, First, Lists...>::walk(f, first, lists...);
}

} // namespace hate
