// Random numbers: multiply with carry, t = @multiplier@ x + c, one generator a column.
static Bits rng_x;
static Bits rng_carry;
// That of `control`: xorshift.
static uint32_t rng_word;

static inline uint64_t splitmix64(uint64_t const state)
{
	uint64_t z = state + 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline void seed(size_t const hemisphere)
{
	uint64_t const upper = @keys@[2 * hemisphere];
	uint64_t const key = upper << 32 | @keys@[2 * hemisphere + 1];
	rng_word = static_cast<uint32_t>(splitmix64(~key)) | 1;
	for (size_t column = 0; column < 256; ++column) {
		uint64_t const word = splitmix64(key ^ splitmix64(column + 1));
		uint64_t const fraction = (word >> 16) & 0xffffffffull;
		at(rng_x, column) = static_cast<uint16_t>(word);
		at(rng_carry, column) = static_cast<uint16_t>(1 + ((fraction * @carries@) >> 32));
	}
}

// The upper half of the product of an unsigned x is that of the signed one, plus the multiplier
// where x is negative. The lower half overflows where adding the carry, below 2^15, clears its sign.
[[maybe_unused]] static inline Lanes draw()
{
	Lanes const x = lanes(rng_x);
	Lanes const upper = x * Lanes(@half@);
	Lanes const lacking = vector_if(x, If::lesser, Lanes(@multiplier@), Lanes(0));
	Lanes const low = lanes(rng_x * Bits(@multiplier@));
	rng_x = bits(low) + rng_carry;
	Lanes const next = lanes(rng_x);
	Lanes const cleared = vector_if(next, If::lesser, Lanes(0), Lanes(1));
	Lanes const over = vector_if(low, If::lesser, cleared, Lanes(0));
	rng_carry = bits(upper) + bits(lacking) + bits(over);
	return next;
}

[[maybe_unused]] static inline int32_t draw_word()
{
	rng_word ^= rng_word << 13;
	rng_word ^= rng_word >> 17;
	rng_word ^= rng_word << 5;
	return static_cast<int32_t>(rng_word);
}

