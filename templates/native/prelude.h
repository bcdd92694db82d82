/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the slice stands on and the simulator has, too: the names of integer types, and the kernel's lists, counters
 * and buffers, as plain C. Waiting, timers, work queues, threads and sockets are not here: those are asked for.
 */
/* Macros of all types compare what the slice gives them. */
#pragma GCC diagnostic ignored "-Wsign-compare"

typedef signed char s8, __s8, int8_t;
typedef unsigned char u8, __u8, uint8_t, u_char, unchar;
typedef short s16, __s16, int16_t;
typedef unsigned short u16, __u16, uint16_t, __le16, __be16, u_short, ushort, umode_t, __sum16, sa_family_t,
	__kernel_sa_family_t;
typedef int s32, __s32, int32_t, pid_t;
typedef unsigned int u32, __u32, uint32_t, __le32, __be32, uint, u_int, gfp_t, slab_flags_t, kuid_t, kgid_t, dev_t, fmode_t, __wsum;
typedef long long s64, __s64, int64_t, loff_t, time64_t, ktime_t;
typedef unsigned long long u64, __u64, uint64_t, __le64, __be64, sector_t, blkcnt_t;
typedef long ssize_t, ptrdiff_t, intptr_t, off_t, __kernel_off_t, clock_t, time_t;
typedef unsigned long ulong, size_t, uintptr_t, __kernel_size_t, __kernel_ulong_t;
typedef _Bool bool;

#define NULL ((void *)0)
#define true 1
#define false 0
#define jiffies gh_jiffies
#define jiffies_64 ((u64)gh_jiffies)

struct list_head { struct list_head *next, *prev; };
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic64_t, atomic_long_t;
typedef struct { atomic_t refs; } refcount_t;
struct kref { refcount_t refcount; };
struct rb_node { struct rb_node *rb_left, *rb_right; void *__rb_parent_color; };
struct rb_root { struct rb_node *rb_node; };
struct wait_bit_key { void *flags; int bit_nr; unsigned long timeout; };
struct workqueue_struct { char gh_opaque; };
struct timer_list { char gh_opaque; unsigned long expires; };
struct work_struct { char gh_opaque; };
struct delayed_work { struct work_struct work; struct timer_list timer; };
struct wait_queue_head { char gh_opaque; };
typedef struct wait_queue_head wait_queue_head_t;
#define __wait_queue_head wait_queue_head
struct completion { char gh_opaque; };
struct mutex { char gh_opaque; };
struct task_struct { unsigned int flags; int pid, tgid; };
struct kvec { void *iov_base; size_t iov_len; };
struct iov_iter { size_t count; struct kvec *gh_kvec; size_t gh_offset; int gh_is_discard; };
struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iov_iter msg_iter;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
};
struct in_addr { u32 s_addr; };
struct in6_addr { u8 s6_addr[16]; };
/* All kinds of address have their family and port in one place, as the simulator's one class of them has. */
#define GH_ADDRESS(family, port) \
	union { u16 family; u16 gh_family; }; \
	union { u16 port; u16 gh_port; }
struct sockaddr { GH_ADDRESS(sa_family, gh_no_port); char gh_rest[124]; };
struct sockaddr_in { GH_ADDRESS(sin_family, sin_port); struct in_addr sin_addr; char gh_rest[120]; };
struct sockaddr_in6 {
	GH_ADDRESS(sin6_family, sin6_port);
	u32 sin6_flowinfo;
	struct in6_addr sin6_addr;
	char gh_rest[104];
};
struct sockaddr_storage { GH_ADDRESS(ss_family, gh_no_port); char gh_rest[124]; };
#define __kernel_sockaddr_storage sockaddr_storage
#define sockaddr_unsized sockaddr
struct netns_ipv4 { u8 sysctl_tcp_syn_retries; };
struct net { struct netns_ipv4 ipv4; };
struct socket;
/* Callbacks have had more arguments than one: they are declared without. */
struct sock {
	long sk_rcvtimeo, sk_sndtimeo;
	int sk_rcvbuf, sk_sndbuf;
	unsigned int sk_allocation, sk_reuse;
	bool sk_use_task_frag;
	int sk_net_refcnt;
	void *sk_user_data;
	int sk_err, sk_shutdown;
	unsigned int sk_state;
	unsigned long sk_flags;
	int sk_write_pending;
	unsigned int sk_protocol, sk_userlocks, sk_no_check;
	int sk_bound_dev_if;
	struct socket *sk_wq, *sk_socket;
	void (*sk_state_change)(), (*sk_write_space)(), (*sk_error_report)(), (*sk_data_ready)();
	int linger2;
	unsigned int nonagle;
};
/* The simulator has one class for them, too. */
#define socket_wq socket
#define tcp_sock sock
#define tcp_sk(sk) ((struct sock *)(sk))
struct proto_ops {
	char gh_opaque;
	int (*connect)(struct socket *sock, struct sockaddr *address, int bytes, int flags);
};
struct socket { struct sock sk_; struct sock *sk; struct proto_ops *ops; int state; unsigned long flags; };

/* The callbacks of a new socket wake who waits for it, which is the simulator's business. */
static __attribute__((unused)) void gh_sock_def_readable() {}
static __attribute__((unused)) void gh_sock_def_write_space() {}

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);

#define GH_OWN static inline __attribute__((unused))

/* The sign of the first difference, as lib/string.c has it. */
GH_OWN int strncmp(const char *a, const char *b, size_t bytes)
{
	for (; bytes > 0; a++, b++, bytes--) {
		const unsigned char x = (unsigned char)*a, y = (unsigned char)*b;

		if (x != y)
			return x < y ? -1 : 1;
		if (x == 0)
			break;
	}
	return 0;
}

GH_OWN int strcmp(const char *a, const char *b) { return strncmp(a, b, (size_t)-1); }

/* Byte order of a little-endian machine. */
#define cpu_to_le16(x) ((__le16)(u16)(x))
#define cpu_to_le32(x) ((__le32)(u32)(x))
#define cpu_to_le64(x) ((__le64)(u64)(x))
#define le16_to_cpu(x) ((u16)(__le16)(x))
#define le32_to_cpu(x) ((u32)(__le32)(x))
#define le64_to_cpu(x) ((u64)(__le64)(x))
#define cpu_to_be16(x) ((__be16)__builtin_bswap16((u16)(x)))
#define cpu_to_be32(x) ((__be32)__builtin_bswap32((u32)(x)))
#define cpu_to_be64(x) ((__be64)__builtin_bswap64((u64)(x)))
#define be16_to_cpu(x) ((u16)__builtin_bswap16((__be16)(x)))
#define be32_to_cpu(x) ((u32)__builtin_bswap32((__be32)(x)))
#define be64_to_cpu(x) ((u64)__builtin_bswap64((__be64)(x)))
#define htons(x) cpu_to_be16(x)
#define ntohs(x) be16_to_cpu(x)
#define htonl(x) cpu_to_be32(x)
#define ntohl(x) be32_to_cpu(x)
#define be16_add_cpu(p, v) (*(p) = cpu_to_be16(be16_to_cpu(*(p)) + (v)))
#define be32_add_cpu(p, v) (*(p) = cpu_to_be32(be32_to_cpu(*(p)) + (v)))
#define le16_add_cpu(p, v) (*(p) = cpu_to_le16(le16_to_cpu(*(p)) + (v)))
#define le32_add_cpu(p, v) (*(p) = cpu_to_le32(le32_to_cpu(*(p)) + (v)))
#define be32_to_cpup(p) be32_to_cpu(*(p))
#define le32_to_cpup(p) le32_to_cpu(*(p))

#define GH_UNALIGNED(bits, order) \
	GH_OWN u##bits get_unaligned_##order##bits(const void *p) \
	{ u##bits v; memcpy(&v, p, sizeof(v)); return order##bits##_to_cpu(v); } \
	GH_OWN void put_unaligned_##order##bits(u##bits value, void *p) \
	{ u##bits v = cpu_to_##order##bits(value); memcpy(p, &v, sizeof(v)); }
GH_UNALIGNED(16, le)
GH_UNALIGNED(32, le)
GH_UNALIGNED(64, le)
GH_UNALIGNED(16, be)
GH_UNALIGNED(32, be)
GH_UNALIGNED(64, be)

/* Error numbers as pointers: the last page of addresses. */
#define GH_MAX_ERRNO 4095
GH_OWN void *ERR_PTR(long error) { return (void *)error; }
GH_OWN void *ERR_CAST(const void *p) { return (void *)p; }
GH_OWN long PTR_ERR(const void *p) { return (long)p; }
GH_OWN bool IS_ERR(const void *p) { return (unsigned long)p >= (unsigned long)-GH_MAX_ERRNO; }
GH_OWN bool IS_ERR_OR_NULL(const void *p) { return !p || IS_ERR(p); }
GH_OWN bool try_to_freeze(void) { return false; }

#define typecheck(type, x) 1
#define likely(x) (!!(x))
#define unlikely(x) (!!(x))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) ((x) = (val))
#define data_race(x) (x)
#define smp_load_acquire(p) (*(p))
#define smp_store_release(p, v) (*(p) = (v))
#define smp_store_mb(var, value) ((var) = (value))
#define rcu_dereference(p) (p)
#define rcu_access_pointer(p) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))
#define fallthrough
#define __force
#define __rcu
#define __user
#define __iomem
#define BUG() gh_stop(GH_STOP_BUG, __builtin_return_address(0))
#define BUG_ON(condition) do { if (condition) BUG(); } while (0)
/* An expression that may stand as a statement, too. */
#define GH_TRUTH(x) ({ const int gh_truth __attribute__((unused)) = !!(x); gh_truth; })
#define WARN_ON(condition) GH_TRUTH(condition)
#define WARN_ON_ONCE(condition) GH_TRUTH(condition)
#define WARN(condition, ...) GH_TRUTH(condition)
#define WARN_ONCE(condition, ...) GH_TRUTH(condition)
#define BUILD_BUG_ON(condition) do { } while (0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define IS_ENABLED(option) 1
#define IS_REACHABLE(option) 1
#define THIS_MODULE NULL
#define guard(name) gh_nothing
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define might_sleep() do { } while (0)
#define cond_resched_lock(lock) GH_TRUTH(0)
#define rcu_dereference_protected(p, c) (p)
#define rcu_dereference_check(p, c) (p)
#define rcu_dereference_raw(p) (p)
#define RCU_INIT_POINTER(p, v) ((p) = (v))
#define schedule_work(work) queue_work(system_wq, work)
#define schedule_delayed_work(dwork, delay) queue_delayed_work(system_wq, dwork, delay)
#define freezable_schedule() schedule()
#define freezable_schedule_unsafe() schedule()
#define DECLARE_WORK(n, f) struct work_struct n
#define DECLARE_DELAYED_WORK(n, f) struct delayed_work n
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name
#define __WAIT_BIT_KEY_INITIALIZER(word, bit) { .flags = word, .bit_nr = bit }
#define rb_entry(p, type, member) container_of(p, type, member)
#define RB_ROOT ((struct rb_root) { NULL })
#define RB_EMPTY_ROOT(root) ((root)->rb_node == NULL)
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (void *)(node))
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (void *)(node))
#define scoped_guard(name, ...) if (1)
#define GH_SHRINK(op, x, y) \
	({ __typeof__(x) gh_x = (x); __typeof__(y) gh_y = (y); gh_x op gh_y ? gh_x : gh_y; })
#define min(x, y) GH_SHRINK(<, x, y)
#define max(x, y) GH_SHRINK(>, x, y)
#define umin(x, y) min((unsigned long)(x), (unsigned long)(y))
#define umax(x, y) max((unsigned long)(x), (unsigned long)(y))
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
#define min3(x, y, z) ({ __typeof__(min(x, y)) gh_xy = min(x, y); min(gh_xy, z); })
#define max3(x, y, z) ({ __typeof__(max(x, y)) gh_xy = max(x, y); max(gh_xy, z); })
#define clamp(value, low, high) ({ __typeof__(max(value, low)) gh_low = max(value, low); min(gh_low, high); })
#define clamp_t(type, value, low, high) clamp((type)(value), (type)(low), (type)(high))
#define clamp_val(value, low, high) clamp_t(__typeof__(value), value, low, high)
#define swap(a, b) do { __typeof__(a) gh_kept = (a); (a) = (b); (b) = gh_kept; } while (0)
#define do_div(n, base) \
	({ u32 gh_rest_ = (u32)((u64)(n) % (base)); (n) = (u64)(n) / (base); gh_rest_; })
#define xchg(p, value) ({ __typeof__(*(p)) gh_old = *(p); *(p) = (value); gh_old; })
#define cmpxchg(p, old, value) \
	({ __typeof__(*(p)) gh_found = *(p); if (gh_found == (old)) *(p) = (value); gh_found; })
#define offsetof(type, member) __builtin_offsetof(type, member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define struct_size(p, member, count) (sizeof(*(p)) + sizeof(*(p)->member) * (count))

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define container_of_const(p, type, member) container_of(p, type, member)
#define from_timer(var, p, field) container_of(p, __typeof__(*var), field)
#define timer_container_of(var, p, field) container_of(p, __typeof__(*var), field)
GH_OWN struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

#define LIST_HEAD(name) struct list_head name = { &name, &name }
#define LIST_HEAD_INIT(name) { &name, &name }
#define DECLARE_COMPLETION_ONSTACK(work) struct completion work
#define DECLARE_COMPLETION(work) struct completion work
/* The struct of pos's kind that a link stands in, and whether the link is not that of the head. */
#define GH_ENTRY(link, pos, member) container_of(link, __typeof__(*(pos)), member)
#define GH_INSIDE(link, head) ((link) != (const struct list_head *)(head))
#define GH_WALK(pos, head, member, way) \
	for ((pos) = GH_ENTRY((head)->way, pos, member); GH_INSIDE(&(pos)->member, head); \
	     (pos) = GH_ENTRY((pos)->member.way, pos, member))
#define GH_LINKS(at, head, way) for ((at) = (head)->way; GH_INSIDE(at, head); (at) = (at)->way)
#define list_entry(p, type, member) container_of(p, type, member)
#define list_first_entry(p, type, member) container_of((p)->next, type, member)
#define list_last_entry(p, type, member) container_of((p)->prev, type, member)
#define list_first_entry_or_null(p, type, member) \
	(list_empty(p) ? (type *)NULL : container_of((p)->next, type, member))
#define list_next_entry(pos, member) GH_ENTRY((pos)->member.next, pos, member)
#define list_prev_entry(pos, member) GH_ENTRY((pos)->member.prev, pos, member)
#define list_for_each(at, head) GH_LINKS(at, head, next)
#define list_for_each_prev(at, head) GH_LINKS(at, head, prev)
#define list_for_each_safe(at, kept, head) \
	for ((at) = (head)->next; GH_INSIDE(at, head) && ((kept) = (at)->next, 1); (at) = (kept))
#define list_for_each_entry(pos, head, member) GH_WALK(pos, head, member, next)
#define list_for_each_entry_rcu(pos, head, member, ...) GH_WALK(pos, head, member, next)
#define list_for_each_entry_reverse(pos, head, member) GH_WALK(pos, head, member, prev)
#define list_for_each_entry_safe(pos, kept, head, member) \
	for ((pos) = GH_ENTRY((head)->next, pos, member); \
	     GH_INSIDE(&(pos)->member, head) && ((kept) = GH_ENTRY((pos)->member.next, pos, member), 1); \
	     (pos) = (kept))

/* What list_del() leaves: addresses that fault. */
#define GH_POISON ((struct list_head *)0x100)
GH_OWN void INIT_LIST_HEAD(struct list_head *list) { list->next = list->prev = list; }
GH_OWN void gh_link(struct list_head *before, struct list_head *behind)
{
	before->next = behind;
	behind->prev = before;
}
GH_OWN void gh_list_insert(struct list_head *entry, struct list_head *before, struct list_head *behind)
{
	gh_link(entry, behind);
	gh_link(before, entry);
}
GH_OWN void gh_list_remove(struct list_head *entry) { gh_link(entry->prev, entry->next); }
GH_OWN void list_add(struct list_head *entry, struct list_head *head) { gh_list_insert(entry, head, head->next); }
GH_OWN void list_add_tail(struct list_head *entry, struct list_head *head) { gh_list_insert(entry, head->prev, head); }
GH_OWN void list_del(struct list_head *entry)
{
	gh_list_remove(entry);
	entry->next = GH_POISON;
	entry->prev = GH_POISON;
}
GH_OWN void list_del_init(struct list_head *entry) { gh_list_remove(entry); INIT_LIST_HEAD(entry); }
GH_OWN bool list_empty(const struct list_head *head) { return head->next == head; }
GH_OWN bool list_empty_careful(const struct list_head *head) { return head->next == head && head->prev == head; }
GH_OWN void list_move(struct list_head *entry, struct list_head *head) { gh_list_remove(entry); list_add(entry, head); }
GH_OWN void list_move_tail(struct list_head *entry, struct list_head *head)
{
	gh_list_remove(entry);
	list_add_tail(entry, head);
}
GH_OWN void list_splice(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	gh_link(list->prev, head->next);
	gh_link(head, list->next);
}
GH_OWN void list_splice_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}
GH_OWN bool list_is_head(const struct list_head *list, const struct list_head *head) { return list == head; }
GH_OWN bool list_is_first(const struct list_head *list, const struct list_head *head) { return list->prev == head; }
GH_OWN bool list_is_last(const struct list_head *list, const struct list_head *head) { return list->next == head; }
GH_OWN bool list_is_singular(const struct list_head *head) { return !list_empty(head) && head->next == head->prev; }

GH_OWN int atomic_read(const atomic_t *v) { return v->counter; }
GH_OWN void atomic_set(atomic_t *v, int i) { v->counter = i; }
GH_OWN int atomic_add_return(int i, atomic_t *v) { return v->counter += i; }
GH_OWN int atomic_inc_return(atomic_t *v) { return ++v->counter; }
GH_OWN int atomic_dec_return(atomic_t *v) { return --v->counter; }
GH_OWN void atomic_inc(atomic_t *v) { v->counter++; }
GH_OWN void atomic_dec(atomic_t *v) { v->counter--; }
GH_OWN void atomic_add(int i, atomic_t *v) { v->counter += i; }
GH_OWN void atomic_sub(int i, atomic_t *v) { v->counter -= i; }
GH_OWN bool atomic_dec_and_test(atomic_t *v) { return --v->counter == 0; }
GH_OWN bool atomic_inc_not_zero(atomic_t *v) { return v->counter == 0 ? false : (v->counter++, true); }
GH_OWN bool atomic_add_unless(atomic_t *v, int a, int u) { return v->counter == u ? false : (v->counter += a, true); }

/* Counts that the kernel warns of and then saturates end the run, as they do in the simulator. */
GH_OWN void gh_take(refcount_t *r)
{
	if (r->refs.counter <= 0)
		BUG();
	r->refs.counter++;
}
GH_OWN bool gh_drop(refcount_t *r)
{
	if (r->refs.counter < 1)
		BUG();
	return --r->refs.counter == 0;
}
GH_OWN void refcount_set(refcount_t *r, int n) { r->refs.counter = n; }
GH_OWN unsigned int refcount_read(const refcount_t *r) { return (unsigned int)r->refs.counter; }
GH_OWN void refcount_inc(refcount_t *r) { gh_take(r); }
GH_OWN bool refcount_inc_not_zero(refcount_t *r)
{
	if (r->refs.counter == 0)
		return false;
	gh_take(r);
	return true;
}
GH_OWN void refcount_dec(refcount_t *r) { if (gh_drop(r)) BUG(); }
GH_OWN bool refcount_dec_and_test(refcount_t *r) { return gh_drop(r); }
GH_OWN void kref_init(struct kref *k) { refcount_set(&k->refcount, 1); }
GH_OWN void kref_get(struct kref *k) { refcount_inc(&k->refcount); }
GH_OWN unsigned int kref_read(const struct kref *k) { return refcount_read(&k->refcount); }
GH_OWN int kref_put(struct kref *k, void (*release)(struct kref *k))
{
	if (!refcount_dec_and_test(&k->refcount))
		return 0;
	release(k);
	return 1;
}

#define GH_BITS (8 * sizeof(unsigned long))
#define GH_WORD(nr, at) (((unsigned long *)(at))[(unsigned long)(nr) / GH_BITS])
#define GH_MASK(nr) (1UL << ((unsigned long)(nr) % GH_BITS))
/* Volatile as in the kernel: a bit behind a null pointer is looked at even where nothing depends on it. */
GH_OWN bool test_bit(long nr, const volatile unsigned long *at)
{
	return (at[(unsigned long)nr / GH_BITS] & GH_MASK(nr)) != 0;
}
GH_OWN void set_bit(long nr, unsigned long *at) { GH_WORD(nr, at) |= GH_MASK(nr); }
GH_OWN void clear_bit(long nr, unsigned long *at) { GH_WORD(nr, at) &= ~GH_MASK(nr); }
/* Functions and no macros: each is a place of its own where somebody else may come, or none. */
GH_OWN void __set_bit(long nr, unsigned long *at) { set_bit(nr, at); }
GH_OWN void __clear_bit(long nr, unsigned long *at) { clear_bit(nr, at); }
GH_OWN void clear_bit_unlock(long nr, unsigned long *at) { clear_bit(nr, at); }
GH_OWN bool test_and_set_bit(long nr, unsigned long *at)
{
	const bool was = test_bit(nr, at);

	set_bit(nr, at);
	return was;
}
GH_OWN bool test_and_clear_bit(long nr, unsigned long *at)
{
	const bool was = test_bit(nr, at);

	clear_bit(nr, at);
	return was;
}
GH_OWN bool test_and_set_bit_lock(long nr, unsigned long *at) { return test_and_set_bit(nr, at); }

/* Trees as the simulator's: in order, and not balanced. */
GH_OWN void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = parent;
	node->rb_left = node->rb_right = NULL;
	*link = node;
}
GH_OWN void rb_insert_color(struct rb_node *node, struct rb_root *root) { (void)node; (void)root; }
GH_OWN void gh_rb_replace(struct rb_node *node, struct rb_node *fresh, struct rb_root *root)
{
	struct rb_node *parent = node->__rb_parent_color;

	if (!parent)
		root->rb_node = fresh;
	else if (parent->rb_left == node)
		parent->rb_left = fresh;
	else
		parent->rb_right = fresh;
	if (fresh)
		fresh->__rb_parent_color = parent;
}
GH_OWN void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *left = node->rb_left, *right = node->rb_right, *next = right;

	if (!left || !right) {
		gh_rb_replace(node, left ? left : right, root);
		return;
	}
	while (next->rb_left)
		next = next->rb_left;
	if (next != right) {
		gh_rb_replace(next, next->rb_right, root);
		next->rb_right = right;
		right->__rb_parent_color = next;
	}
	gh_rb_replace(node, next, root);
	next->rb_left = left;
	left->__rb_parent_color = next;
}

/* Time in nanoseconds is one number. */
#define ktime_add(a, b) ((s64)(a) + (s64)(b))
#define ktime_sub(a, b) ((s64)(a) - (s64)(b))
#define ktime_set(seconds, ns) ((s64)(seconds) * 1000000000 + (s64)(ns))
#define ktime_to_ns(t) ((s64)(t))
#define ktime_to_us(t) ((s64)(t) / 1000)
#define ktime_to_ms(t) ((s64)(t) / 1000000)
#define ktime_us_delta(a, b) ktime_to_us(ktime_sub(a, b))

GH_OWN void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec, unsigned long segments,
			  size_t count)
{
	(void)direction;
	(void)segments;
	i->gh_kvec = (struct kvec *)kvec;
	i->gh_offset = 0;
	i->gh_is_discard = 0;
	i->count = count;
}
GH_OWN void iov_iter_discard(struct iov_iter *i, unsigned int direction, size_t count)
{
	iov_iter_kvec(i, direction, NULL, 0, count);
	i->gh_is_discard = 1;
}
GH_OWN size_t iov_iter_count(const struct iov_iter *i) { return i->count; }
GH_OWN size_t msg_data_left(const struct msghdr *msg) { return msg->msg_iter.count; }
/* Moves on by some bytes; those that were received are stored on the way. */
GH_OWN void gh_iter_move(struct iov_iter *i, size_t bytes, int is_received)
{
	size_t done = 0;

	i->count -= bytes;
	while (!i->gh_is_discard && done < bytes) {
		size_t room = i->gh_kvec->iov_len - i->gh_offset;

		if (room == 0) {
			i->gh_kvec++;
			i->gh_offset = 0;
			continue;
		}
		if (room > bytes - done)
			room = bytes - done;
		if (is_received)
			gh_received((char *)i->gh_kvec->iov_base + i->gh_offset, (long)room, (long)done);
		i->gh_offset += room;
		done += room;
	}
}
GH_OWN void iov_iter_advance(struct iov_iter *i, size_t bytes)
{
	gh_iter_move(i, bytes < i->count ? bytes : i->count, 0);
}

/* A call without effect: its arguments, whatever they are, are evaluated, and that is all. */
static inline __attribute__((unused)) long gh_nothing() { return 0; }

#define GH_NUMBER(x) { (long long)(x), GH_IS_INTEGER, -1, 0, 0 }
#define GH_POINTER(x, of) { (long long)(unsigned long)(x), GH_IS_POINTER, of, 0, 0 }
#define GH_CELL(x, is_pointer) { (long long)(unsigned long)(x), GH_IS_POINTER, -1, sizeof(*(x)), is_pointer }
