/* Registers buffers with the secure world and holds them until its kernel is gone. No libc. */
typedef unsigned long u64;
typedef unsigned int u32;

struct alloc {
	u64 size;
	u32 flags;
	int id;
};

#define TEE_IOC_SHM_ALLOC 0xC010A401
#define SYS_ioctl 29
#define SYS_openat 56
#define SYS_write 64
#define SYS_ppoll 73

static long call(long number, long a, long b, long c, long d)
{
	register long x8 asm("x8") = number;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;

	asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

static void say(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	call(SYS_write, 1, (long)text, length, 0);
}

void _start(void)
{
	long device = call(SYS_openat, -100, (long)"/dev/tee0", 2, 0);

	for (int n = 0; n < 4; n++) {
		struct alloc buffer = { 4UL << 20, 0, 0 };

		say(call(SYS_ioctl, device, TEE_IOC_SHM_ALLOC, (long)&buffer, 0) >= 0 ? "LAB tee registered\n" : "LAB tee refused\n");
	}
	for (;;)
		call(SYS_ppoll, 0, 0, 0, 0);
}
