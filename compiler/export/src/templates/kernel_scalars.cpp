// Arithmetic of words: wrapping, saturating, and unsigned division without traps.
static inline int32_t add(int32_t const a, int32_t const b)
{
	return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
static inline int32_t sub(int32_t const a, int32_t const b)
{
	return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
static inline int32_t mul(int32_t const a, int32_t const b)
{
	return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}
static inline int32_t saturated(int64_t const x)
{
	return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : static_cast<int32_t>(x);
}
static inline int32_t add_saturating(int32_t const a, int32_t const b) { return saturated(int64_t(a) + b); }
static inline int32_t sub_saturating(int32_t const a, int32_t const b) { return saturated(int64_t(a) - b); }
static inline int32_t smaller(int32_t const a, int32_t const b) { return a < b ? a : b; }
static inline int32_t larger(int32_t const a, int32_t const b) { return a > b ? a : b; }
static inline int32_t remainder(int32_t const a, int32_t const b)
{
	return b ? static_cast<int32_t>(static_cast<uint32_t>(a) % static_cast<uint32_t>(b)) : a;
}
static inline int32_t quotient(int32_t const a, int32_t const b)
{
	return b ? static_cast<int32_t>(static_cast<uint32_t>(a) / static_cast<uint32_t>(b)) : -1;
}
// Products and quotients; reals have 16 fraction bits.
static inline int32_t mul_high(int32_t const a, int32_t const b)
{
	uint64_t const product = uint64_t(static_cast<uint32_t>(a)) * static_cast<uint32_t>(b);
	return static_cast<int32_t>(static_cast<uint32_t>(product >> 32));
}
static inline int32_t mul_saturating(int32_t const a, int32_t const b) { return saturated(int64_t(a) * b); }
static inline int32_t mul_real(int32_t const a, int32_t const b)
{
	return saturated((int64_t(a) * b + 0x8000) >> 16);
}
static inline int32_t div_real(int32_t const a, int32_t const b)
{
	if (b == 0) {
		return a > 0 ? INT32_MAX : a < 0 ? INT32_MIN : 0;
	}
	int64_t const divisor = b < 0 ? -int64_t(b) : int64_t(b);
	int64_t const numerator = (a < 0 ? -int64_t(a) : int64_t(a)) * 0x10000;
	int64_t const magnitude = (2 * numerator + divisor) / (2 * divisor);
	return saturated((a < 0) == (b < 0) ? magnitude : -magnitude);
}
// Shifts by less than 32 places.
static inline int32_t shift_left(int32_t const a, int const places)
{
	return static_cast<int32_t>(static_cast<uint32_t>(a) << places);
}
static inline int32_t shift_logical(int32_t const a, int const places)
{
	return static_cast<int32_t>(static_cast<uint32_t>(a) >> places);
}
static inline int32_t shift_round(int32_t const a, int const places)
{
	return static_cast<int32_t>((int64_t(a) + ((int64_t(1) << places) >> 1)) >> places);
}
static inline int32_t shift_round_away(int32_t const a, int const places)
{
	int64_t const tie = a < 0 && places > 0;
	return static_cast<int32_t>((int64_t(a) - tie + ((int64_t(1) << places) >> 1)) >> places);
}

