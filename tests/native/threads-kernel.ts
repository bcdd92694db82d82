/**
 * A small kernel with a client of remote calls: tasks that are state machines, a transport with a lock bit, queues,
 * timers, works and a receiving thread. It is like nothing in Linux, but of the kinds of C that such code is made of.
 */
import { POOL } from "./threads-pool.ts";
import { TRANSPORT } from "./threads-transport.ts";

const HEADER = `/* SPDX-License-Identifier: GPL-2.0-only */
#define GHR_SLOTS 3
#define GHR_RECENT 4
#define GHR_FIELD(task, name) ((task)->tk_##name)
#define GHR_LABEL(x) #x
#define GHR_SET(task, name, value) do { (task)->tk_##name = (value); } while (0)
#define GHR_MAGIC 0x5au

enum ghr_bits { GHR_LOCKED, GHR_CONNECTED = 2, GHR_CONNECTING, GHR_CLOSING = 7 };
enum ghr_kind { GHR_CALL = 1, GHR_REPLY, GHR_PING = 9 };

struct ghr_task;
struct ghr_xprt;

struct ghr_wire {
	__be32 xid;
	u8 kind;
	__le16 bytes;
	__be32 status;
} __packed;

struct ghr_slot {
	u32 xid;
	u16 uses;
	s64 started;
	struct ghr_task *owner;
};

struct ghr_policy {
	unsigned long initial;
	unsigned long most;
	u8 retries;
	bool doubles;
};

struct ghr_ops {
	int (*connect)(struct ghr_xprt *xprt, int port);
	int (*send)(struct ghr_xprt *xprt, const void *bytes, unsigned int count);
	unsigned long (*timeout)(struct ghr_task *task);
	void (*close)(struct ghr_xprt *xprt);
};

struct ghr_wait {
	unsigned int queued : 1;
	unsigned int timed : 1;
	signed int prio : 3;
	u8 rounds;
	struct timer_list timer;
};

struct ghr_task {
	struct list_head tk_link;
	void (*tk_action)(struct ghr_task *task);
	void (*tk_done_cb)(struct ghr_task *task, int status);
	struct kref tk_ref;
	int tk_status;
	u32 tk_xid;
	struct ghr_xprt *tk_xprt;
	struct {
		u16 level;
		struct ghr_wait wait;
	} tk_sleep;
	struct completion tk_done;
	unsigned long tk_start;
	unsigned long tk_timeout;
	s16 tk_tries;
	s8 tk_slot;
	bool tk_async;
	union {
		u32 tk_bytes;
		u64 tk_cookie;
	} tk_u;
	struct work_struct tk_work;
};

struct ghr_stats {
	u32 sent;
	s16 recent[GHR_RECENT];
	struct {
		u8 at;
		s64 total;
	} sum;
};

struct ghr_reply {
	struct list_head link;
	u32 xid;
	int status;
	char *body;
};

struct ghr_xprt {
	const struct ghr_ops *ops;
	struct ghr_policy policy;
	unsigned long state;
	unsigned long last_used;
	unsigned long close_at;
	struct list_head pending;
	struct list_head replies;
	struct list_head sleepers;
	wait_queue_head_t wait;
	wait_queue_head_t input;
	struct delayed_work connect_work;
	struct timer_list idle;
	struct task_struct *receiver;
	struct ghr_slot slots[GHR_SLOTS];
	struct ghr_slot *spare;
	struct ghr_stats stats;
	struct ghr_task *snd_task;
	atomic_t inflight;
	refcount_t users;
	unsigned int connects;
	int error;
	char *buffer;
};

static inline bool ghr_connected(const struct ghr_xprt *xprt)
{
	return test_bit(GHR_CONNECTED, &xprt->state);
}

static inline struct ghr_task *ghr_of_timer(struct timer_list *timer)
{
	return container_of(timer, struct ghr_task, tk_sleep.wait.timer);
}

int ghr_execute(struct ghr_task *task);
void ghr_wake(struct ghr_task *task, int status);
bool ghr_reserve(struct ghr_xprt *xprt, struct ghr_task *task);
void ghr_release(struct ghr_xprt *xprt, struct ghr_task *task);
int ghr_send(struct ghr_xprt *xprt, struct ghr_task *task);
int ghr_trace_open(struct ghr_xprt *xprt);
`;

const SCHED = `/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/ghr.h>

static u32 ghr_next_xid = 0xfffffffdu;
static const unsigned int ghr_delays[] = { 10, 40, 160, 640 };
static atomic_t ghr_alive;
struct workqueue_struct *ghr_wq;

static void ghr_reserve_state(struct ghr_task *task);
static void ghr_connect_state(struct ghr_task *task);
static void ghr_transmit_state(struct ghr_task *task);
static void ghr_status_state(struct ghr_task *task);

/* Of this file only: the transport has another of that name. */
static int check(struct ghr_task *task)
{
	const int left = GHR_FIELD(task, xprt)->policy.retries - task->tk_tries;

	return left > 0 ? 0 : -ETIMEDOUT;
}

static void ghr_expired(struct timer_list *timer)
{
	struct ghr_task *task = ghr_of_timer(timer);
	struct ghr_wait *wait = &task->tk_sleep.wait;

	if (!wait->queued)
		return;
	wait->timed = 1;
	ghr_wake(task, -ETIMEDOUT);
}

static void ghr_async(struct work_struct *work)
{
	struct ghr_task *task = container_of(work, struct ghr_task, tk_work);

	ghr_execute(task);
}

static void ghr_free(struct kref *ref)
{
	struct ghr_task *task = container_of(ref, struct ghr_task, tk_ref);

	BUG_ON(task->tk_sleep.wait.queued);
	atomic_dec(&ghr_alive);
	GHR_SET(task, xprt, NULL);
	kfree(task);
}

void ghr_put(struct ghr_task *task)
{
	kref_put(&task->tk_ref, ghr_free);
}

struct ghr_task *ghr_new(struct ghr_xprt *xprt, bool is_async, int prio, u32 bytes)
{
	struct ghr_task *task = kzalloc(sizeof(*task), GFP_KERNEL);

	if (!task)
		return NULL;
	INIT_LIST_HEAD(&task->tk_link);
	kref_init(&task->tk_ref);
	init_completion(&task->tk_done);
	timer_setup(&task->tk_sleep.wait.timer, ghr_expired, 0);
	INIT_WORK(&task->tk_work, ghr_async);
	task->tk_xprt = xprt;
	task->tk_async = is_async;
	task->tk_sleep.wait.prio = prio;
	task->tk_u.tk_bytes = bytes;
	task->tk_slot = -1;
	task->tk_action = ghr_reserve_state;
	atomic_inc(&ghr_alive);
	return task;
}

static void ghr_sleep(struct ghr_task *task, struct list_head *queue, unsigned long timeout)
{
	struct ghr_wait *wait = &task->tk_sleep.wait;
	struct ghr_task *other;

	wait->queued = true;
	wait->timed = false;
	wait->rounds++;
	list_for_each_entry(other, queue, tk_link) {
		if (other->tk_sleep.wait.prio < wait->prio)
			break;
		task->tk_sleep.level++;
	}
	if (wait->prio > 2)
		list_add(&task->tk_link, queue);
	else
		list_add_tail(&task->tk_link, queue);
	if (timeout > 0)
		mod_timer(&wait->timer, jiffies + timeout);
}

void ghr_wake(struct ghr_task *task, int status)
{
	struct ghr_wait *wait = &task->tk_sleep.wait;

	if (!wait->queued)
		return;
	wait->queued = 0;
	list_del_init(&task->tk_link);
	if (status)
		task->tk_status = status;
	if (!wait->timed)
		del_timer(&wait->timer);
	if (task->tk_async)
		queue_work(ghr_wq, &task->tk_work);
	else
		wake_up(&task->tk_xprt->wait);
}

static void ghr_reserve_state(struct ghr_task *task)
{
	struct ghr_xprt *xprt = task->tk_xprt;

	task->tk_status = 0;
	if (!ghr_reserve(xprt, task)) {
		task->tk_action = ghr_reserve_state;
		ghr_sleep(task, &xprt->sleepers, msecs_to_jiffies(250));
		return;
	}
	task->tk_xid = ghr_next_xid++;
	task->tk_start = jiffies;
	task->tk_timeout = xprt->ops->timeout(task);
	task->tk_action = ghr_connect_state;
}

static void ghr_connect_state(struct ghr_task *task)
{
	struct ghr_xprt *xprt = task->tk_xprt;

	if (ghr_connected(xprt)) {
		task->tk_action = ghr_transmit_state;
		return;
	}
	if (task->tk_status < 0 && task->tk_status != -ENOTCONN) {
		task->tk_action = ghr_status_state;
		return;
	}
	task->tk_action = ghr_connect_state;
	ghr_sleep(task, &xprt->pending, task->tk_timeout);
	if (!test_and_set_bit(GHR_CONNECTING, &xprt->state)) {
		const unsigned int i = min_t(unsigned int, xprt->connects, ARRAY_SIZE(ghr_delays) - 1);

		queue_delayed_work(ghr_wq, &xprt->connect_work, msecs_to_jiffies(ghr_delays[i]));
	}
}

static void ghr_transmit_state(struct ghr_task *task)
{
	struct ghr_xprt *xprt = task->tk_xprt;

	task->tk_action = ghr_status_state;
	task->tk_status = ghr_send(xprt, task);
	if (task->tk_status == 0) {
		atomic_inc(&xprt->inflight);
		ghr_sleep(task, &xprt->pending, task->tk_timeout);
	}
	if (xprt->snd_task == task)
		ghr_release(xprt, task);
}

static void ghr_finish(struct ghr_task *task)
{
	struct ghr_xprt *xprt = task->tk_xprt;

	task->tk_action = NULL;
	ghr_release(xprt, task);
	if (task->tk_slot >= 0) {
		xprt->slots[task->tk_slot].owner = NULL;
		task->tk_slot = -1;
	}
	if (task->tk_done_cb)
		task->tk_done_cb(task, task->tk_status);
	complete(&task->tk_done);
}

static void ghr_status_state(struct ghr_task *task)
{
	struct ghr_xprt *xprt = task->tk_xprt;
	int status = task->tk_status;

	switch (status) {
	case 0:
		goto done;
	case -ENOTCONN:
	case -EPIPE:
		clear_bit(GHR_CONNECTED, &xprt->state);
		fallthrough;
	case -EAGAIN:
		task->tk_tries++;
		break;
	case -ETIMEDOUT:
		task->tk_tries++;
		if (xprt->policy.doubles)
			task->tk_timeout = min(2 * task->tk_timeout, xprt->policy.most);
		break;
	default:
		if (status > 0)
			WARN_ON_ONCE(status != GHR_PING);
		goto done;
	}
	status = check(task);
	if (status == 0) {
		task->tk_status = 0;
		task->tk_action = ghr_reserve_state;
		return;
	}
	task->tk_status = status;
done:
	ghr_finish(task);
}

int ghr_execute(struct ghr_task *task)
{
	struct ghr_xprt *xprt = task->tk_xprt;
	int status = 0;

	do {
		void (*action)(struct ghr_task *task) = task->tk_action;

		if (!action)
			break;
		action(task);
		if (!task->tk_sleep.wait.queued)
			continue;
		if (task->tk_async)
			return 0;
		status = wait_event_interruptible(xprt->wait, !task->tk_sleep.wait.queued);
		if (status < 0 || signal_pending(current)) {
			ghr_wake(task, -EINTR);
			task->tk_status = status ? status : -EINTR;
			ghr_finish(task);
			break;
		}
	} while (task->tk_action);
	return task->tk_status;
}

int ghr_run(struct ghr_task *task, unsigned int msecs)
{
	unsigned long left;
	int status;

	kref_get(&task->tk_ref);
	if (task->tk_async) {
		queue_work(ghr_wq, &task->tk_work);
		left = wait_for_completion_timeout(&task->tk_done, msecs_to_jiffies(msecs));
		status = left ? task->tk_status : -ETIME;
	} else {
		status = ghr_execute(task);
	}
	ghr_put(task);
	return status;
}
`;

/** Paths and texts. */
export const THREADS_KERNEL: Readonly<Record<string, string>> = {
  "include/linux/ghr.h": HEADER,
  "net/ghr/sched.c": SCHED,
  "net/ghr/xprt.c": TRANSPORT,
  "net/ghr/pool.c": POOL,
};
