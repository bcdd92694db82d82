/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the compiled slice (slice.c, which has the kernel's names) and the runtime (runtime.c, which has the C
 * library's) know of each other.
 */
#ifndef GH_INTERFACE_H
#define GH_INTERFACE_H

enum gh_argument_kind { GH_IS_INTEGER, GH_IS_POINTER };

/* An argument of a call over the boundary. */
struct gh_argument {
	long long value;
	enum gh_argument_kind kind;
	/* Of what a pointer points to: index of its layout, -1 where it has none. */
	int layout;
	/* Bytes of the scalar that a pointer points to, 0 where it points to something else. */
	int cell_bytes;
	/* Whether that scalar is a pointer itself. */
	int cell_is_pointer;
};

/* A place in a struct that pointers may point to. */
struct gh_place {
	unsigned int ordinal;
	unsigned long offset;
	unsigned long bytes;
	int is_bytes;
};

struct gh_leaf {
	unsigned int ordinal;
	int is_pointer;
	/* Layout of the struct that it points to, -1 where it has none. */
	int layout;
	/* A link of a list head, which begins as an empty list. */
	int is_link;
	/* In a branch of a union: looked at while the script says that the branch is alive. */
	int is_shared;
};

struct gh_layout {
	unsigned long bytes;
	int leaves;
	const struct gh_leaf *leaf;
	void (*read)(void *object, long long *values);
	void (*store)(void *object, int leaf, long long value);
	/* Makes empty lists of list heads, as the simulator's are. */
	void (*begin)(void *object);
	int places;
	const struct gh_place *place;
};

/* A variable at file scope: restored before each sequence. */
struct gh_variable {
	void *address;
	unsigned long bytes;
	/* Where it is found by pointers: ordinal among the global variables, or -1. */
	int ordinal;
	/* Layout of a variable that is an object of its own, -1 for others. */
	int layout;
};

/* slice.c */
extern const struct gh_layout gh_layouts[];
extern const int gh_layout_count;
extern const struct gh_variable gh_variables[];
extern const int gh_variable_count;
extern void *const gh_functions[];
extern const int gh_function_count;
/* Layout of the global variables that are scalars. */
extern const int gh_globals_layout;
long long gh_enter(int function, const long long *given, int *is_pointer);

/* runtime.c */
extern unsigned long gh_jiffies;
long long gh_ask(int id, struct gh_argument *given, int count, void *place);
void *gh_ask_pointer(int id, struct gh_argument *given, int count, void *place);
/* Whether the waiting condition is to be evaluated (again); 0 when waiting is over. */
int gh_wants_condition(void);
void gh_condition(int is_true);
long long gh_result(void);
void gh_begin_wait(int id, struct gh_argument *given, int count, void *place);
/* A place where the thread may lose the CPU; kind is one of GH_POINT_*. */
void gh_preemption_point(int kind);
void gh_stop(int id, void *place) __attribute__((noreturn));
/* What a member of an ops table has that the slice does not. */
void gh_missing(void);
void gh_received(void *target, long bytes, long offset);

#endif
