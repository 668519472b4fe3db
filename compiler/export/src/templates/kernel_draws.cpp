// Random numbers of columns: multiply with carry, t = @multiplier@ x + c, one generator each.
static Bits rng_x;
static Bits rng_carry;

static inline void seed_columns(uint64_t const key)
{
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

