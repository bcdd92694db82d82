/**
 * Kernel functions that the simulator has under the same name, as C prototypes by the file of tools/simulator/ that
 * exports them. `kernel` before a prototype: the simulator's function takes the kernel first. `blocking`: it is a
 * coroutine. Sources: the kernel's headers of the same names.
 */
export const PRIMITIVE_PROTOTYPES: Readonly<Record<string, string>> = {
  workqueue: `
    bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
    bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay);
    void INIT_WORK(struct work_struct *work, void (*func)(struct work_struct *work));
    void INIT_DELAYED_WORK(struct delayed_work *dwork, void (*func)(struct work_struct *work));
    bool work_pending(struct work_struct *work);
    bool delayed_work_pending(struct delayed_work *dwork);
    unsigned int work_busy(struct work_struct *work);
  `,
  "workqueue-cancel": `
    bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay);
    bool cancel_work(struct work_struct *work);
    bool cancel_delayed_work(struct delayed_work *dwork);
    blocking bool cancel_work_sync(struct work_struct *work);
    blocking bool cancel_delayed_work_sync(struct delayed_work *dwork);
    blocking bool flush_work(struct work_struct *work);
    blocking bool flush_delayed_work(struct delayed_work *dwork);
    blocking void flush_workqueue(struct workqueue_struct *wq);
  `,
  timers: `
    void timer_setup(struct timer_list *timer, void (*func)(struct timer_list *timer), unsigned int flags);
    void setup_timer(struct timer_list *timer, void (*func)(unsigned long data), unsigned long data);
    void init_timer(struct timer_list *timer);
    bool timer_pending(struct timer_list *timer);
    int mod_timer(struct timer_list *timer, unsigned long expires);
    int mod_timer_pending(struct timer_list *timer, unsigned long expires);
    void add_timer(struct timer_list *timer);
    int del_timer(struct timer_list *timer);
    int del_timer_sync(struct timer_list *timer);
    int del_singleshot_timer_sync(struct timer_list *timer);
    int timer_delete(struct timer_list *timer);
    int timer_delete_sync(struct timer_list *timer);
  `,
  wait: `
    void init_waitqueue_head(struct wait_queue_head *head);
    bool waitqueue_active(struct wait_queue_head *head);
    void wake_up(struct wait_queue_head *head);
    void wake_up_all(struct wait_queue_head *head);
    void wake_up_nr(struct wait_queue_head *head, int nr);
    void wake_up_interruptible(struct wait_queue_head *head);
    void wake_up_interruptible_all(struct wait_queue_head *head);
  `,
  "wait-bit": `
    kernel void wake_up_bit(void *word, int bit);
    kernel struct wait_queue_head *bit_waitqueue(void *word, int bit);
    void __wake_up_locked_key(struct wait_queue_head *head, unsigned int mode, void *key);
    kernel blocking int out_of_line_wait_on_bit(void *word, int bit, int (*action)(void *), unsigned int mode);
    kernel blocking int wait_on_bit_action(void *word, int bit, int (*action)(void *), unsigned int mode);
    kernel blocking int wait_on_bit(void *word, int bit, unsigned int mode);
    kernel blocking int wait_on_bit_lock(void *word, int bit, unsigned int mode);
  `,
  ktime: `
    kernel ktime_t ktime_get(void);
    ktime_t ktime_add(ktime_t lhs, ktime_t rhs);
    ktime_t ktime_sub(ktime_t lhs, ktime_t rhs);
    s64 ktime_to_ns(ktime_t kt);
    s64 ktime_to_us(ktime_t kt);
    s64 ktime_to_ms(ktime_t kt);
    s64 ktime_us_delta(ktime_t later, ktime_t earlier);
    kernel unsigned long nsecs_to_jiffies(u64 n);
    ktime_t ktime_set(s64 secs, unsigned long nsecs);
  `,
  completion: `
    void init_completion(struct completion *x);
    void reinit_completion(struct completion *x);
    void complete(struct completion *x);
    void complete_all(struct completion *x);
    bool completion_done(struct completion *x);
    bool try_wait_for_completion(struct completion *x);
    blocking void wait_for_completion(struct completion *x);
    blocking unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
    blocking int wait_for_completion_interruptible(struct completion *x);
    blocking int wait_for_completion_killable(struct completion *x);
    blocking long wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout);
  `,
  tasks: `
    int wake_up_process(struct task_struct *task);
    bool signal_pending(struct task_struct *task);
    bool fatal_signal_pending(struct task_struct *task);
    bool signal_pending_state(unsigned int state, struct task_struct *task);
    kernel void set_current_state(unsigned int state);
    kernel blocking void schedule(void);
    kernel blocking void cond_resched(void);
    kernel bool need_resched(void);
    kernel blocking long schedule_timeout(long timeout);
    kernel blocking long schedule_timeout_interruptible(long timeout);
    kernel blocking long schedule_timeout_uninterruptible(long timeout);
    kernel blocking long schedule_timeout_killable(long timeout);
    kernel blocking void msleep(unsigned int msecs);
    kernel blocking void ssleep(unsigned int seconds);
  `,
  sleep: `
    kernel blocking void usleep_range(unsigned long min, unsigned long max);
    bool IS_ERR(const void *ptr);
    bool IS_ERR_OR_NULL(const void *ptr);
    long PTR_ERR(const void *ptr);
    void *ERR_PTR(long error);
    void *ERR_CAST(const void *ptr);
    bool try_to_freeze(void);
    kernel bool kthread_should_stop(void);
  `,
  mutex: `
    void mutex_init(struct mutex *lock);
    kernel blocking void mutex_lock(struct mutex *lock);
    kernel int mutex_trylock(struct mutex *lock);
    kernel void mutex_unlock(struct mutex *lock);
    int mutex_is_locked(struct mutex *lock);
  `,
  rbtree: `
    void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link);
    void rb_insert_color(struct rb_node *node, struct rb_root *root);
    void rb_erase(struct rb_node *node, struct rb_root *root);
  `,
  sockets: `
    struct tcp_sock *tcp_sk(const struct sock *sk);
  `,
  lists: `
    void INIT_LIST_HEAD(struct list_head *list);
    void list_add(struct list_head *entry, struct list_head *head);
    void list_add_tail(struct list_head *entry, struct list_head *head);
    void list_del(struct list_head *entry);
    void list_del_init(struct list_head *entry);
    bool list_empty(struct list_head *head);
    bool list_empty_careful(struct list_head *head);
    void list_move(struct list_head *list, struct list_head *head);
    void list_move_tail(struct list_head *list, struct list_head *head);
    void list_splice(struct list_head *list, struct list_head *head);
    void list_splice_init(struct list_head *list, struct list_head *head);
    bool list_is_head(struct list_head *list, struct list_head *head);
    bool list_is_first(struct list_head *list, struct list_head *head);
    bool list_is_singular(struct list_head *head);
    bool list_is_last(struct list_head *list, struct list_head *head);
  `,
  "kernel-structs": `
    int atomic_read(atomic_t *v);
    void atomic_set(atomic_t *v, int i);
    void atomic_inc(atomic_t *v);
    void atomic_dec(atomic_t *v);
    void atomic_add(int i, atomic_t *v);
    void atomic_sub(int i, atomic_t *v);
    int atomic_inc_return(atomic_t *v);
    int atomic_dec_return(atomic_t *v);
    int atomic_add_return(int i, atomic_t *v);
    bool atomic_dec_and_test(atomic_t *v);
    bool atomic_inc_not_zero(atomic_t *v);
    bool atomic_add_unless(atomic_t *v, int a, int u);
    void refcount_set(refcount_t *r, int n);
    void refcount_inc(refcount_t *r);
    void refcount_dec(refcount_t *r);
    bool refcount_dec_and_test(refcount_t *r);
    bool refcount_inc_not_zero(refcount_t *r);
    unsigned int refcount_read(refcount_t *r);
    void kref_init(struct kref *kref);
    void kref_get(struct kref *kref);
    int kref_put(struct kref *kref, void (*release)(struct kref *kref));
    unsigned int kref_read(struct kref *kref);
    void set_bit(long nr, unsigned long *addr);
    void clear_bit(long nr, unsigned long *addr);
    bool test_bit(long nr, unsigned long *addr);
    bool test_and_set_bit(long nr, unsigned long *addr);
    bool test_and_clear_bit(long nr, unsigned long *addr);
    void __set_bit(long nr, unsigned long *addr);
    void __clear_bit(long nr, unsigned long *addr);
    void clear_bit_unlock(long nr, unsigned long *addr);
    bool test_and_set_bit_lock(long nr, unsigned long *addr);
    void iov_iter_kvec(struct iov_iter *i, unsigned int direction, struct kvec *kvec, unsigned long nr_segs,
      size_t count);
    void iov_iter_discard(struct iov_iter *i, unsigned int direction, size_t count);
    size_t iov_iter_count(struct iov_iter *i);
    void iov_iter_advance(struct iov_iter *i, size_t bytes);
    size_t msg_data_left(struct msghdr *msg);
  `,
  structs: `
    int memcmp(const void *a, const void *b, size_t n);
    size_t strlen(const char *s);
    int strcmp(const char *a, const char *b);
    int strncmp(const char *a, const char *b, size_t n);
  `,
  pointers: `
    __le16 cpu_to_le16(u16 x);
    __le32 cpu_to_le32(u32 x);
    __le64 cpu_to_le64(u64 x);
    u16 le16_to_cpu(__le16 x);
    u32 le32_to_cpu(__le32 x);
    u64 le64_to_cpu(__le64 x);
    __be16 cpu_to_be16(u16 x);
    __be32 cpu_to_be32(u32 x);
    __be64 cpu_to_be64(u64 x);
    u16 be16_to_cpu(__be16 x);
    u32 be32_to_cpu(__be32 x);
    u64 be64_to_cpu(__be64 x);
    __be16 htons(u16 x);
    u16 ntohs(__be16 x);
    __be32 htonl(u32 x);
    u32 ntohl(__be32 x);
    u16 get_unaligned_le16(const void *p);
    u32 get_unaligned_le32(const void *p);
    u64 get_unaligned_le64(const void *p);
    u16 get_unaligned_be16(const void *p);
    u32 get_unaligned_be32(const void *p);
    void put_unaligned_le16(u16 val, void *p);
    void put_unaligned_le32(u32 val, void *p);
    void put_unaligned_le64(u64 val, void *p);
    void put_unaligned_be16(u16 val, void *p);
    void put_unaligned_be32(u32 val, void *p);
  `,
};

/** time_after() and its kin: comparisons of unsigned long that the model takes from jiffiesComparisons(). */
export const JIFFIES_COMPARISONS: ReadonlySet<string> = new Set([
  "time_after",
  "time_before",
  "time_after_eq",
  "time_before_eq",
  "time_in_range",
  "time_in_range_open",
]);

/** Conversions of simulator/time-units.ts: functions of `kernel.units`. */
export const TIME_UNITS: Readonly<Record<string, string>> = {
  msecs_to_jiffies: "unsigned long msecs_to_jiffies(unsigned int m)",
  usecs_to_jiffies: "unsigned long usecs_to_jiffies(unsigned int u)",
  jiffies_to_msecs: "unsigned int jiffies_to_msecs(unsigned long j)",
  jiffies_to_usecs: "unsigned int jiffies_to_usecs(unsigned long j)",
};

/** round_jiffies() and its kin, which take the clock. */
export const ROUNDING: ReadonlySet<string> = new Set([
  "round_jiffies",
  "round_jiffies_relative",
  "round_jiffies_up",
  "round_jiffies_up_relative",
]);

/** Receiving, whose arguments changed over the years: by the number of arguments. */
export const RECEIVING: Readonly<Record<string, string>> = {
  kernel_recvmsg:
    "int kernel_recvmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t len, int flags)",
  sock_recvmsg3: "int sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags)",
  sock_recvmsg4: "int sock_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags)",
};
