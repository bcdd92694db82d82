/** A pool of entries for the small kernel of threads-kernel.ts: more kinds of C, whether they make sense or not. */
export const POOL = `/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/ghr.h>

#define GHP_BUCKETS 4
#define GHP_EACH(i) for (i = 0; i < GHP_BUCKETS; i++)
#define GHP_MIX(a, b) ((a) * 31u + (b))

enum ghp_phase { GHP_EMPTY, GHP_FILLING, GHP_FULL = 1 << 4, GHP_LAST = -1 };

struct ghp_wire {
	u8 tag[3];
	__le64 stamp;
	__be16 port;
	struct {
		u8 high;
		__le32 low;
	} __packed tail;
} __packed;

struct ghp_pair {
	s16 a;
	u8 b;
};

struct ghp_entry {
	struct list_head link;
	struct list_head lru;
	struct ghp_pair pair;
	enum ghp_phase phase;
	char name[8];
	u64 total;
	unsigned long expires;
	struct ghp_pool *pool;
	atomic_t holders;
	s8 small;
	u8 flag_a : 3, flag_b : 5;
};

struct ghp_pool {
	struct list_head buckets[GHP_BUCKETS];
	struct list_head lru;
	struct ghp_pair pairs[3];
	u16 grid[2][3];
	struct completion filled;
	struct delayed_work scan;
	struct timer_list tick;
	wait_queue_head_t wait;
	struct task_struct *helper;
	unsigned long busy[2];
	unsigned int count;
	s64 balance;
	u64 budget;
	long longs[2];
	int result;
	bool is_open;
	u32 hash;
	struct ghp_entry *last;
	void (*hook)(struct ghp_pool *pool, int what);
};

typedef int (*ghp_visit)(struct ghp_entry *entry, void *data);

static struct ghp_pair ghp_defaults = { .a = -3, .b = 250 };
static int ghp_made;
extern struct workqueue_struct *ghr_wq;

static unsigned int ghp_bucket(u32 key)
{
	return (key ^ key >> 16) % GHP_BUCKETS;
}

static int check(struct ghp_pool *pool)
{
	return pool->is_open ? pool->result ?: 1 : -EINVAL;
}

static int ghp_for_all(struct ghp_pool *pool, ghp_visit visit, void *data)
{
	struct ghp_entry *entry, *next;
	int i, sum = 0;

	GHP_EACH(i) {
		list_for_each_entry_safe(entry, next, &pool->buckets[i], link) {
			int status = visit(entry, data);

			if (status < 0)
				goto out;
			sum += status;
		}
	}
out:
	return sum;
}

static int ghp_measure(struct ghp_entry *entry, void *data)
{
	u64 *total = data;

	*total += entry->total >> 1;
	return entry->small;
}

static int ghp_expire(struct ghp_entry *entry, void *data)
{
	unsigned long *now = data;

	if (time_after_eq(entry->expires, *now))
		return 0;
	if (!atomic_dec_and_test(&entry->holders))
		return 1;
	list_del(&entry->link);
	list_del_init(&entry->lru);
	entry->pool->count--;
	if (entry->pool->last == entry)
		entry->pool->last = NULL;
	entry->phase = GHP_LAST;
	kfree(entry);
	return entry->pool->count == 0 ? -ENOENT : 2;
}

static void ghp_scan(struct work_struct *work)
{
	struct ghp_pool *pool = container_of(to_delayed_work(work), struct ghp_pool, scan);
	unsigned long now = jiffies;
	u64 total = 0;
	int found;

	found = ghp_for_all(pool, ghp_measure, &total);
	pool->budget = total / 3 + (u32)found;
	pool->balance -= (s64)total % 1000;
	found = ghp_for_all(pool, ghp_expire, &now);
	if (found > 1 && !test_and_set_bit(65, pool->busy))
		complete_all(&pool->filled);
	if (pool->count && pool->is_open)
		mod_delayed_work(ghr_wq, &pool->scan, round_jiffies_relative(HZ));
}

static void ghp_tick(struct timer_list *timer)
{
	struct ghp_pool *pool = from_timer(pool, timer, tick);
	struct ghp_entry *entry;

	list_for_each_entry_reverse(entry, &pool->lru, lru) {
		if (++entry->small > 100)
			entry->small = -100;
		if (entry->flag_b++ > 28)
			break;
	}
	if (pool->helper)
		wake_up_process(pool->helper);
	pool->longs[0] += timer->expires & 7;
	if (!timer_pending(timer) && jiffies_to_msecs(pool->longs[0]) < 40)
		mod_timer(timer, jiffies + usecs_to_jiffies(2500));
}

static int ghp_helper(void *data)
{
	struct ghp_pool *pool = (struct ghp_pool *)data;
	int rounds = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop() || rounds++ > 5)
			break;
		if (signal_pending(current)) {
			pool->result = -EINTR;
			break;
		}
		schedule_timeout(2 * HZ);
		current->flags |= PF_MEMALLOC;
		pool->balance += rounds;
	}
	set_current_state(TASK_RUNNING);
	pool->helper = NULL;
	return rounds;
}

static void ghp_fill_wire(struct ghp_wire *wire, const struct ghp_entry *entry, int *used)
{
	u8 *at = (u8 *)wire;

	memset(wire, 0xee, sizeof(*wire));
	memcpy(wire->tag, "GHP", sizeof(wire->tag));
	wire->stamp = cpu_to_le64(entry->total << 3);
	wire->port = htons((u16)entry->pair.a);
	put_unaligned_be16(get_unaligned_le16(at + 3) + 1, at + 11);
	wire->tail.high = entry->pair.b >> 1;
	wire->tail.low = cpu_to_le32(entry->expires);
	*used += offsetof(struct ghp_wire, tail) + 1;
}

struct ghp_pool *ghp_open(int kind, u64 budget)
{
	struct ghp_pool *pool = kzalloc(sizeof(struct ghp_pool), GFP_KERNEL);
	int i;

	GHP_EACH(i)
		INIT_LIST_HEAD(pool->buckets + i);
	INIT_LIST_HEAD(&pool->lru);
	init_completion(&pool->filled);
	init_waitqueue_head(&pool->wait);
	INIT_DELAYED_WORK(&pool->scan, ghp_scan);
	timer_setup(&pool->tick, ghp_tick, 0);
	pool->pairs[0] = ghp_defaults;
	pool->pairs[1].a = kind;
	pool->pairs[2] = pool->pairs[kind & 1];
	pool->grid[kind & 1][2] = 0xfff0 + kind;
	pool->budget = budget;
	pool->is_open = true;
	switch (kind) {
	case 0:
		ghp_made++;
		break;
	case 1:
	case 2:
	case 3:
		ghp_made += 2;
		fallthrough;
	case 7: {
		int twice = kind * 2;

		pool->longs[1] = twice - 20;
		break;
	}
	default:
		ghp_made--;
	}
	if (kind > 2) {
		pool->helper = kthread_create(ghp_helper, pool, "ghp");
		wake_up_process(pool->helper);
	}
	return pool;
}

struct ghp_entry *ghp_add(struct ghp_pool *pool, u32 key, const char *name)
{
	struct ghp_entry *entry;
	struct ghp_pair *pair = &pool->pairs[key % ARRAY_SIZE(pool->pairs)];
	unsigned int i = ghp_bucket(key);

	if (check(pool) < 0)
		return ERR_PTR(-ESHUTDOWN);
	list_for_each_entry(entry, &pool->buckets[i], link) {
		if (!strcmp(entry->name, name)) {
			atomic_inc_not_zero(&entry->holders);
			list_move_tail(&entry->lru, &pool->lru);
			return entry;
		}
	}
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	for (i = 0; i < sizeof(entry->name) - 1 && name[i]; i++)
		entry->name[i] = name[i];
	entry->pair = *pair++;
	entry->pair.a -= (pair - pool->pairs) * 5;
	entry->small = key;
	entry->flag_a = key >> 3;
	entry->flag_b = ~key;
	entry->total = (u64)key << 33 | key;
	entry->phase = pool->count > 2 ? GHP_FULL : GHP_FILLING;
	entry->pool = pool;
	entry->expires = jiffies + (key & 3) * HZ;
	atomic_set(&entry->holders, 1);
	list_add(&entry->link, &pool->buckets[ghp_bucket(key)]);
	list_add_tail(&entry->lru, &pool->lru);
	pool->last = entry;
	pool->hash = GHP_MIX(pool->hash, key);
	if (pool->count++ == 0) {
		queue_delayed_work(ghr_wq, &pool->scan, HZ / 2);
		mod_timer(&pool->tick, round_jiffies_up(jiffies + 1));
	} else if (list_is_singular(&pool->lru) || list_is_last(&entry->lru, &pool->lru)) {
		pool->grid[1][0] ^= key;
	}
	wake_up(&pool->wait);
	return entry;
}

int ghp_ship(struct ghp_pool *pool)
{
	struct ghp_wire wires[2], *wire = wires;
	struct ghp_entry *entry;
	int used = -4, status = 0, extra[3] = { 1, 2 };
	struct ghp_pair told = { .a = 9 };

	list_for_each_entry(entry, &pool->lru, lru) {
		ghp_fill_wire(wire, entry, &used);
		status = ghp_transmit(pool, wire, sizeof(*wire), &used);
		if (status == -EAGAIN)
			continue;
		if (status)
			break;
		if (++wire == wires + ARRAY_SIZE(wires))
			wire = &wires[0];
	}
	ghp_ask(pool, extra, &told);
	pool->grid[0][1] += extra[1] + extra[2] + told.b;
	pool->balance += told.a * (s64)used;
	if (pool->hook)
		pool->hook(pool, status);
	return max(status, extra[0]) + (int)sizeof(wires) % 7;
}

int ghp_wait(struct ghp_pool *pool, unsigned int least, int how)
{
	unsigned long flags = 0;
	int status;

	do {
		flags = cmpxchg(&pool->busy[1], 0, 4);
		if (how-- < -1)
			return -EBUSY;
	} while (flags == 0 && pool->count > 50);
	if (how < 2) {
		if (!wait_event_timeout(pool->wait, pool->count >= least, msecs_to_jiffies(70) + how))
			pool->longs[1]--;
		status = pool->count;
	} else if (how == 2) {
		status = wait_event_killable(pool->wait, pool->count >= least || !pool->is_open);
	} else {
		status = wait_for_completion_interruptible_timeout(&pool->filled, 3 * HZ);
		if (completion_done(&pool->filled))
			reinit_completion(&pool->filled);
	}
	flags = xchg(&pool->busy[1], 0);
	pool->longs[1] += flags;
	BUG_ON(status == 0 && pool->longs[1] < -60);
	return clamp_t(int, status, -9, 30000);
}

int ghp_shut(struct ghp_pool *pool)
{
	struct ghp_entry *entry = pool->last;

	pool->is_open = false;
	wake_up_all(&pool->wait);
	if (delayed_work_pending(&pool->scan) && !cancel_delayed_work(&pool->scan))
		return -EBUSY;
	flush_workqueue(ghr_wq);
	del_timer_sync(&pool->tick);
	if (pool->helper)
		kthread_stop(pool->helper);
	/* Null where nothing was ever added, and behind that there is nothing to read. */
	return pool->balance < 0 ? entry->pair.a : min_t(s16, pool->pairs[2].a, 5);
}
`;
