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

