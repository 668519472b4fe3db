// Random numbers of `control`: xorshift.
static uint32_t rng_word;

static inline uint64_t splitmix64(uint64_t const state)
{
	uint64_t z = state + 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline void seed_columns(uint64_t key);

static inline void seed(size_t const hemisphere)
{
	uint64_t const upper = @keys@[2 * hemisphere];
	uint64_t const key = upper << 32 | @keys@[2 * hemisphere + 1];
	rng_word = static_cast<uint32_t>(splitmix64(~key)) | 1;
	seed_columns(key);
}

[[maybe_unused]] static inline int32_t draw_word()
{
	rng_word ^= rng_word << 13;
	rng_word ^= rng_word >> 17;
	rng_word ^= rng_word << 5;
	return static_cast<int32_t>(rng_word);
}

