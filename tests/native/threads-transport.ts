/** The transport of the small kernel of threads-kernel.ts: slots, messages, connecting, and the receiving thread. */
export const TRANSPORT = `/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/ghr.h>

extern struct workqueue_struct *ghr_wq;
static u16 ghr_ports[3] = { 111, 2049, 20048 };

static int check(struct ghr_xprt *xprt, const struct ghr_wire *wire, unsigned int count)
{
	if (count < sizeof(*wire))
		return -EMSGSIZE;
	if (wire->kind != GHR_REPLY && wire->kind != GHR_PING)
		return -EPROTO;
	return le16_to_cpu(wire->bytes) > 64 ? -E2BIG : (int)be32_to_cpu(wire->status);
}

bool ghr_reserve(struct ghr_xprt *xprt, struct ghr_task *task)
{
	unsigned int i;

	if (xprt->snd_task == task)
		return true;
	if (test_and_set_bit(GHR_LOCKED, &xprt->state))
		return false;
	for (i = 0; i < GHR_SLOTS; i++) {
		struct ghr_slot *slot = &xprt->slots[i];

		if (slot->owner && slot->owner != task)
			continue;
		slot->owner = task;
		slot->uses += 0x4001;
		slot->started = (s64)jiffies - 5;
		task->tk_slot = i;
		xprt->snd_task = task;
		return true;
	}
	clear_bit(GHR_LOCKED, &xprt->state);
	return false;
}

void ghr_release(struct ghr_xprt *xprt, struct ghr_task *task)
{
	struct ghr_task *next;

	if (xprt->snd_task != task)
		return;
	xprt->snd_task = NULL;
	clear_bit(GHR_LOCKED, &xprt->state);
	xprt->last_used = jiffies;
	if (list_empty(&xprt->sleepers)) {
		mod_timer(&xprt->idle, round_jiffies(jiffies + 5 * HZ));
		return;
	}
	next = list_first_entry(&xprt->sleepers, struct ghr_task, tk_link);
	ghr_wake(next, 0);
}

static void ghr_note(struct ghr_stats *stats, long rtt)
{
	stats->recent[stats->sum.at] = rtt;
	stats->sum.total += rtt;
	stats->sum.at = (stats->sum.at + 1) % GHR_RECENT;
}

static int ghr_fill(struct ghr_wire *wire, u32 xid, u32 bytes, int *length)
{
	memset(wire, 0, sizeof(*wire));
	wire->xid = cpu_to_be32(xid);
	wire->kind = bytes ? GHR_CALL : GHR_PING;
	wire->bytes = cpu_to_le16(bytes);
	wire->status = htonl(GHR_MAGIC << 24 | bytes);
	*length = sizeof(*wire);
	return bytes > 0xffff ? -E2BIG : 0;
}

int ghr_send(struct ghr_xprt *xprt, struct ghr_task *task)
{
	struct ghr_wire wire, *copy;
	struct ghr_slot *slot = xprt->slots + task->tk_slot;
	int length = -1, status;

	status = ghr_fill(&wire, task->tk_xid, task->tk_u.tk_bytes, &length);
	if (status)
		return status;
	slot->xid = task->tk_xid;
	xprt->stats.sent += length;
	copy = (struct ghr_wire *)xprt->buffer;
	memcpy(copy, &wire, sizeof(wire));
	if (wire.kind == GHR_PING)
		copy->bytes = cpu_to_le16(le16_to_cpu(wire.bytes) + 1);
	status = xprt->ops->send(xprt, copy, length);
	ghr_trace("sent " GHR_LABEL(wire) " %u", task->tk_xid);
	if (status < 0) {
		slot->xid = 0;
		return status;
	}
	xprt->error = 0;
	return 0;
}

static int ghr_tcp_connect(struct ghr_xprt *xprt, int port)
{
	int status = ghr_open(xprt, port);

	if (status == -EINPROGRESS) {
		schedule_timeout_uninterruptible(HZ / 10);
		status = ghr_poll(xprt);
	}
	return status;
}

static unsigned long ghr_tcp_timeout(struct ghr_task *task)
{
	struct ghr_policy *policy = &task->tk_xprt->policy;
	unsigned long timeout = policy->initial << task->tk_tries;

	if (timeout > policy->most || timeout == 0)
		timeout = policy->most;
	return timeout;
}

static void ghr_tcp_close(struct ghr_xprt *xprt)
{
	ghr_shut(xprt);
	xprt->connects = 0;
}

static const struct ghr_ops ghr_tcp_ops = {
	.connect = ghr_tcp_connect,
	.send = ghr_tcp_send,
	.timeout = ghr_tcp_timeout,
	.close = ghr_tcp_close,
};

static void ghr_wake_all(struct list_head *from, int status)
{
	struct ghr_task *task, *next;
	LIST_HEAD(all);

	list_splice_init(from, &all);
	list_for_each_entry_safe(task, next, &all, tk_link)
		ghr_wake(task, status);
}

static void ghr_connect_worker(struct work_struct *work)
{
	struct ghr_xprt *xprt = container_of(work, struct ghr_xprt, connect_work.work);
	int status = -ENOTCONN;
	unsigned int i;

	if (test_bit(GHR_CLOSING, &xprt->state))
		goto out;
	for (i = 0; i < ARRAY_SIZE(ghr_ports); i++) {
		status = xprt->ops->connect(xprt, ghr_ports[i]);
		if (status != -ECONNREFUSED)
			break;
	}
	xprt->connects++;
	if (status == 0) {
		set_bit(GHR_CONNECTED, &xprt->state);
		xprt->connects = 0;
		xprt->last_used = jiffies;
	}
out:
	xprt->error = status;
	clear_bit(GHR_CONNECTING, &xprt->state);
	ghr_wake_all(&xprt->pending, status);
	wake_up_all(&xprt->wait);
}

static void ghr_idle(struct timer_list *timer)
{
	struct ghr_xprt *xprt = from_timer(xprt, timer, idle);

	if (atomic_read(&xprt->inflight) > 0 || time_before(jiffies, xprt->last_used + HZ)) {
		mod_timer(&xprt->idle, jiffies + HZ);
		return;
	}
	clear_bit(GHR_CONNECTED, &xprt->state);
	xprt->close_at = jiffies + 2 * HZ;
	wake_up_interruptible(&xprt->input);
}

static struct ghr_task *ghr_find(struct ghr_xprt *xprt, u32 xid)
{
	struct ghr_task *task;

	list_for_each_entry(task, &xprt->pending, tk_link) {
		if (task->tk_xid == xid)
			return task;
	}
	return NULL;
}

static void ghr_reply_done(struct ghr_xprt *xprt, struct ghr_reply *reply)
{
	struct ghr_task *task = ghr_find(xprt, reply->xid);

	if (!task) {
		ghr_lost(xprt, reply->xid);
		return;
	}
	BUG_ON(atomic_dec_return(&xprt->inflight) < -2);
	ghr_note(&xprt->stats, (long)(jiffies - task->tk_start));
	task->tk_status = reply->status;
	ghr_wake(task, reply->status);
}

void ghr_input(struct ghr_xprt *xprt, char *bytes, unsigned int count)
{
	struct ghr_wire *wire = (struct ghr_wire *)bytes;
	struct ghr_reply *reply;
	int status = check(xprt, wire, count);

	if (status == -EMSGSIZE)
		return;
	if (status > 100000)
		ghr_dump(xprt);
	reply = kzalloc(sizeof(*reply), GFP_ATOMIC);
	reply->xid = be32_to_cpu(wire->xid);
	reply->status = status;
	reply->body = kmalloc(8, GFP_ATOMIC);
	memcpy(reply->body, bytes, 8);
	list_add_tail(&reply->link, &xprt->replies);
	wake_up_interruptible(&xprt->input);
}

static int ghr_receiver(void *data)
{
	struct ghr_xprt *xprt = data;

	while (!kthread_should_stop()) {
		struct ghr_reply *reply;
		long left;

		left = wait_event_interruptible_timeout(xprt->input,
			!list_empty(&xprt->replies) || kthread_should_stop(), HZ);
		if (left < 0) {
			msleep(20);
			continue;
		}
		if (left == 0) {
			if (time_in_range(jiffies, xprt->close_at - HZ, xprt->close_at + HZ))
				ghr_wake_all(&xprt->pending, -ENOTCONN);
			continue;
		}
		while (!list_empty(&xprt->replies)) {
			reply = list_first_entry(&xprt->replies, struct ghr_reply, link);
			list_del(&reply->link);
			ghr_reply_done(xprt, reply);
			if (reply->body[4] == GHR_PING)
				ghr_pong(xprt, reply->body);
			kfree(reply->body);
			kfree(reply);
		}
	}
	xprt->receiver = NULL;
	return 0;
}

struct ghr_xprt *ghr_create(unsigned int initial, unsigned int most, u8 retries)
{
	struct ghr_xprt *xprt = kzalloc(sizeof(*xprt), GFP_KERNEL);
	struct task_struct *thread;

	if (!xprt)
		return ERR_PTR(-ENOMEM);
	xprt->ops = &ghr_tcp_ops;
	xprt->policy.initial = msecs_to_jiffies(initial);
	xprt->policy.most = msecs_to_jiffies(most);
	xprt->policy.retries = retries;
	xprt->policy.doubles = retries & 1;
	INIT_LIST_HEAD(&xprt->pending);
	INIT_LIST_HEAD(&xprt->replies);
	INIT_LIST_HEAD(&xprt->sleepers);
	init_waitqueue_head(&xprt->wait);
	init_waitqueue_head(&xprt->input);
	INIT_DELAYED_WORK(&xprt->connect_work, ghr_connect_worker);
	timer_setup(&xprt->idle, ghr_idle, 0);
	refcount_set(&xprt->users, 1);
	xprt->buffer = kmalloc(32, GFP_KERNEL);
	xprt->spare = kcalloc(2, sizeof(struct ghr_slot), GFP_KERNEL);
	xprt->spare[1].uses = 7;
	thread = kthread_run(ghr_receiver, xprt, "ghr-%d", 1);
	if (IS_ERR(thread))
		return (void *)thread;
	xprt->receiver = thread;
	return xprt;
}

void ghr_get_xprt(struct ghr_xprt *xprt)
{
	refcount_inc(&xprt->users);
	xprt->spare[1].started = xprt->spare[0].started + (s32)xprt->spare[1].uses;
	swap(xprt->spare[0], xprt->spare[1]);
}

int ghr_close(struct ghr_xprt *xprt)
{
	if (!refcount_dec_and_test(&xprt->users))
		return -EBUSY;
	set_bit(GHR_CLOSING, &xprt->state);
	del_timer_sync(&xprt->idle);
	cancel_delayed_work_sync(&xprt->connect_work);
	clear_bit(GHR_CONNECTING, &xprt->state);
	ghr_wake_all(&xprt->sleepers, -ESHUTDOWN);
	ghr_wake_all(&xprt->pending, -ESHUTDOWN);
	if (xprt->receiver)
		kthread_stop(xprt->receiver);
	xprt->ops->close(xprt);
	return xprt->error;
}
`;
