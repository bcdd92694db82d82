/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a compiled slice under the decisions of a recorded history: reads what the surroundings did, tells what the
 * slice does. Frames on standard input and output are counted in words of 32 bits; the protocol is in protocol.ts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
#include "interface.h"
#include "protocol.h"

#define STACK_BYTES (128 * 1024)
#define MAX_COROUTINES 256
#define MAX_OBJECTS 4096
#define MAX_LOCALS 65536
#define MAX_DEPTH 64
/* A history takes less than a thousandth of that. */
#define CPU_SECONDS 2

struct object {
	char *base;
	unsigned long bytes;
	const struct gh_layout *layout;
	long long *shadow;
	int64_t *shadow_code;
	/* Of each leaf: whether it is looked at, of those in unions. */
	char *sleep;
	/* All bytes as they were at the last look; they do not count where the surroundings stored something since. */
	char *seen;
	int is_seen;
};

struct coroutine {
	ucontext_t context;
	jmp_buf at;
	int is_made;
	int is_live;
	/* Spinlocks that it holds. */
	int locks;
	int function;
	int count;
	long long given[16];
};

unsigned long gh_jiffies;

static struct object objects[MAX_OBJECTS];
static int object_count;
static struct coroutine coroutines[MAX_COROUTINES];
static int coroutines_used;
/* What arguments without a name pointed to, in the order of the calls. */
static uint64_t locals[MAX_LOCALS];
static int local_count;
static struct coroutine *running;
/* Preemption points that the history has come to. */
static int points;
static jmp_buf main_at;
static sigjmp_buf sequence_end;
static char **initial;
static const int32_t *script, *script_end, *at;
static const int32_t *received;
static int received_bytes;
static int32_t *out;
static size_t out_words, out_room;
static int with_places;
static char *arena;
static size_t arena_used, arena_bytes = (size_t)64 << 20;
static long long scratch[4096];

static void emit(int32_t word)
{
	if (out_words == out_room) {
		out_room = out_room ? 2 * out_room : 1 << 16;
		out = realloc(out, out_room * sizeof(*out));
		if (!out)
			_exit(3);
	}
	out[out_words++] = word;
}

static void emit_value(int64_t value)
{
	emit((int32_t)(uint32_t)value);
	emit((int32_t)(uint32_t)((uint64_t)value >> 32));
}

/* Ends the sequence: what the script says from here on is not what the slice asks for. */
static void __attribute__((noreturn)) diverged(int kind)
{
	emit(EVENT_FAULT | kind << 8);
	siglongjmp(sequence_end, 1);
}

static int32_t next(void)
{
	if (at >= script_end)
		diverged(FAULT_SCRIPT);
	return *at++;
}

static int64_t next_value(void)
{
	const uint32_t low = (uint32_t)next();

	return (int64_t)((uint64_t)(uint32_t)next() << 32 | low);
}

static void *allocate(size_t bytes)
{
	char *memory = arena + arena_used;

	bytes = (bytes + 31) & ~(size_t)15;
	if (arena_used + bytes > arena_bytes)
		diverged(FAULT_MEMORY);
	arena_used += bytes;
	memset(memory, 0, bytes);
	return memory;
}

static int64_t code_of_place(int id, unsigned int ordinal, unsigned long offset)
{
	return (int64_t)((uint64_t)(uint32_t)id << 32 | (uint32_t)(ordinal | offset << ORDINAL_BITS));
}

static int64_t code_in(int id, const struct gh_layout *layout, unsigned long offset)
{
	const struct gh_place *best = NULL;
	int i;

	if (offset == 0)
		return code_of_place(id, 0, 0);
	for (i = 0; i < layout->places; i++) {
		const struct gh_place *one = &layout->place[i];

		if (one->offset > offset || offset >= one->offset + (one->bytes ? one->bytes : 1))
			continue;
		if (!best || one->offset > best->offset)
			best = one;
	}
	if (!best)
		return code_of_place(id, 0, 0);
	return code_of_place(id, best->ordinal, best->is_bytes ? offset - best->offset : 0);
}

static const struct gh_variable *variable_at(uint64_t address)
{
	int i;

	for (i = 0; i < gh_variable_count; i++) {
		const struct gh_variable *one = &gh_variables[i];

		if (one->ordinal >= 0 && address - (uintptr_t)one->address < one->bytes)
			return one;
	}
	return NULL;
}

static struct object *object_at(uint64_t address)
{
	int i;

	for (i = object_count - 1; i > 1; i--) {
		/* C may have the address behind the last byte, too; buffers have room for it. */
		if (address - (uintptr_t)objects[i].base < objects[i].bytes + !objects[i].layout)
			return &objects[i];
	}
	return NULL;
}

static int64_t code_of(uint64_t address)
{
	const struct object *object;
	const struct gh_variable *variable;
	int i;

	if (address == 0)
		return 0;
	if (address >= (uint64_t)-4095)
		return (int64_t)((uint64_t)(uint32_t)POINTER_ERROR << 32 | (uint32_t)(int64_t)address);
	object = object_at(address);
	if (object) {
		const int id = (int)(object - objects);
		const unsigned long offset = address - (uintptr_t)object->base;

		return object->layout ? code_in(id, object->layout, offset) : code_of_place(id, 0, offset);
	}
	variable = variable_at(address);
	if (variable)
		return code_of_place(1, (unsigned int)variable->ordinal, 0);
	for (i = 0; i < gh_function_count; i++) {
		if (address == (uintptr_t)gh_functions[i])
			return (int64_t)((uint64_t)(uint32_t)POINTER_FUNCTION << 32 | (uint32_t)i);
	}
	return 1;
}

static struct object *object_of(int id)
{
	if (id < 1 || id >= object_count)
		diverged(FAULT_SCRIPT);
	return &objects[id];
}

/* The address behind a code. */
static uint64_t decoded(int64_t code)
{
	const int id = (int)(int32_t)(uint32_t)((uint64_t)code >> 32);
	const uint32_t low = (uint32_t)code;
	const unsigned int ordinal = low & ((1u << ORDINAL_BITS) - 1);
	const struct object *object;
	int i;

	if (id == 0)
		return low == 0 ? 0 : (uintptr_t)&scratch[2048];
	if (id == POINTER_ERROR)
		return (uint64_t)(int64_t)(int32_t)low;
	if (id == POINTER_LOCAL) {
		if (low >= (uint32_t)local_count)
			diverged(FAULT_SCRIPT);
		return locals[low];
	}
	if (id == POINTER_FUNCTION) {
		if (low >= (uint32_t)gh_function_count)
			diverged(FAULT_SCRIPT);
		return (uintptr_t)gh_functions[low];
	}
	object = object_of(id);
	if (id == 1) {
		for (i = 0; i < gh_variable_count; i++) {
			if (gh_variables[i].ordinal == (int)ordinal)
				return (uintptr_t)gh_variables[i].address;
		}
		diverged(FAULT_SCRIPT);
	}
	if (!object->layout || ordinal == 0)
		return (uintptr_t)object->base + (low >> ORDINAL_BITS);
	for (i = 0; i < object->layout->places; i++) {
		if (object->layout->place[i].ordinal == ordinal)
			return (uintptr_t)object->base + object->layout->place[i].offset + (low >> ORDINAL_BITS);
	}
	diverged(FAULT_SCRIPT);
}

static void named(int id, void *base, const struct gh_layout *layout, unsigned long bytes)
{
	struct object *object;
	int i;

	if (id != object_count || id >= MAX_OBJECTS)
		diverged(FAULT_SCRIPT);
	object = &objects[object_count++];
	object->base = base;
	object->bytes = bytes;
	object->layout = layout;
	object->seen = NULL;
	object->is_seen = 0;
	if (!layout)
		return;
	object->shadow = allocate(sizeof(long long) * (unsigned long)layout->leaves);
	object->shadow_code = allocate(sizeof(int64_t) * (unsigned long)layout->leaves);
	object->sleep = allocate((unsigned long)layout->leaves);
	layout->read(base, scratch);
	for (i = 0; i < layout->leaves; i++) {
		object->sleep[i] = layout->leaf[i].is_shared ? 1 : 0;
		if (!layout->leaf[i].is_link)
			continue;
		object->shadow[i] = scratch[i];
		object->shadow_code[i] = code_of((uint64_t)scratch[i]);
	}
}

enum { AWAKE, ASLEEP, WAKING };

/* Whether not one byte is another than at the last look. If one is, this is a look. */
static int is_as_seen(struct object *object)
{
	if (!object->base)
		return 0;
	if (!object->seen)
		object->seen = allocate(object->bytes);
	else if (object->is_seen && !memcmp(object->seen, object->base, object->bytes))
		return 1;
	object->is_seen = 1;
	memcpy(object->seen, object->base, object->bytes);
	return 0;
}

/* What the script says of a leaf in a union, from here on. */
static void sleep_or_wake(int command)
{
	struct object *object = object_of(next());
	const int leaf = next();

	if (!object->layout || leaf < 0 || leaf >= object->layout->leaves)
		diverged(FAULT_SCRIPT);
	object->is_seen = 0;
	object->sleep[leaf] = command == COMMAND_WAKE ? WAKING : ASLEEP;
	if (command == COMMAND_SCRAMBLE)
		object->layout->store(object->base, leaf, 0x5a5a5a5a5a5a5a5aLL);
}


/* Tells which scalars are others than at the last look. */
static void changes(void)
{
	int id, i;

	while (at < script_end && (*at == COMMAND_SLEEP || *at == COMMAND_WAKE))
		sleep_or_wake(next());
	for (id = 1; id < object_count; id++) {
		struct object *object = &objects[id];
		const struct gh_layout *layout = object->layout;

		if (!layout || layout->leaves == 0 || is_as_seen(object))
			continue;
		layout->read(object->base, scratch);
		for (i = 0; i < layout->leaves; i++) {
			int64_t code;

			if (object->sleep[i] == ASLEEP || (scratch[i] == object->shadow[i] && object->sleep[i] == AWAKE))
				continue;
			code = layout->leaf[i].is_pointer ? code_of((uint64_t)scratch[i]) : scratch[i];
			object->shadow[i] = scratch[i];
			if (code == object->shadow_code[i] && object->sleep[i] == AWAKE)
				continue;
			object->sleep[i] = AWAKE;
			object->shadow_code[i] = code;
			emit(EVENT_CHANGE);
			emit(id);
			emit((int32_t)layout->leaf[i].ordinal);
			emit_value(code);
		}
	}
}

/* The bytes that a pointer to known memory points to. */
static void pointed_bytes(int64_t code, uint64_t address)
{
	const int id = (int)(int32_t)(uint32_t)((uint64_t)code >> 32);
	const unsigned char *byte = (const unsigned char *)(uintptr_t)address;
	unsigned long left;
	unsigned long i;
	uint32_t word = 0;

	if (id < 2 || id >= object_count || objects[id].layout) {
		emit(0);
		return;
	}
	left = objects[id].bytes - (address - (uintptr_t)objects[id].base);
	if (left > CONTENT_BYTES)
		left = CONTENT_BYTES;
	emit((int32_t)left);
	for (i = 0; i < left; i++) {
		word |= (uint32_t)byte[i] << (8 * (i & 3));
		if ((i & 3) == 3 || i == left - 1) {
			emit((int32_t)word);
			word = 0;
		}
	}
}

static void content(const struct gh_layout *layout, void *object, int depth)
{
	long long values[CONTENT_LEAVES];
	int i;

	if (layout->leaves > CONTENT_LEAVES)
		return;
	layout->read(object, values);
	for (i = 0; i < layout->leaves; i++) {
		const struct gh_leaf *leaf = &layout->leaf[i];
		const int64_t code = leaf->is_pointer ? code_of((uint64_t)values[i]) : values[i];

		if (leaf->is_shared) {
			emit_value(0);
			if (leaf->is_pointer)
				emit(0);
			continue;
		}
		emit_value(code);
		if (leaf->is_pointer)
			pointed_bytes(code, (uint64_t)values[i]);
		if (leaf->is_pointer && code == 1 && leaf->layout >= 0 && !leaf->is_link && depth < CONTENT_DEPTH)
			content(&gh_layouts[leaf->layout], (void *)(uintptr_t)values[i], depth + 1);
	}
}

static void place_of_event(void *place)
{
	if (!with_places)
		return;
	emit(EVENT_PLACE);
	emit_value((int64_t)(uintptr_t)place);
}

static void call_event(int id, const struct gh_argument *given, int count, void *place)
{
	int i;

	changes();
	place_of_event(place);
	emit(EVENT_CALL | id << 8);
	for (i = 0; i < count; i++) {
		const struct gh_argument *one = &given[i];
		int64_t code;

		if (one->kind == GH_IS_INTEGER) {
			emit_value(one->value);
			continue;
		}
		code = code_of((uint64_t)one->value);
		emit_value(code);
		if (code == 1 && local_count < MAX_LOCALS)
			locals[local_count++] = (uint64_t)one->value;
		if (code == 1 && one->layout >= 0)
			content(&gh_layouts[one->layout], (void *)(uintptr_t)one->value, 1);
		pointed_bytes(code, (uint64_t)one->value);
	}
}

static void write_leaf(void)
{
	struct object *object = object_of(next());
	const int leaf = next();
	const int64_t value = next_value();
	long long raw = value;

	if (!object->layout || leaf < 0 || leaf >= object->layout->leaves)
		diverged(FAULT_SCRIPT);
	if (object->layout->leaf[leaf].is_pointer)
		raw = (long long)decoded(value);
	object->is_seen = 0;
	object->layout->store(object->base, leaf, raw);
	object->layout->read(object->base, scratch);
	object->shadow[leaf] = scratch[leaf];
	object->shadow_code[leaf] = object->layout->leaf[leaf].is_pointer ? code_of((uint64_t)scratch[leaf]) : value;
}

static void no_reading(void *object, long long *values)
{
	(void)object;
	(void)values;
}

static void no_beginning(void *object)
{
	(void)object;
}

static void new_object(void)
{
	const int id = next();
	const int index = next();
	/* What nobody looks into. */
	static const struct gh_layout opaque = { 16, 0, NULL, no_reading, NULL, no_beginning, 0, NULL };
	const struct gh_layout *layout;
	void *memory;

	if (index < -1 || index >= gh_layout_count)
		diverged(FAULT_SCRIPT);
	layout = index < 0 ? &opaque : &gh_layouts[index];
	memory = allocate(layout->bytes);
	layout->begin(memory);
	named(id, memory, layout, layout->bytes ? layout->bytes : 1);
}

static void new_array(void)
{
	const int id = next();
	const int index = next();
	const int count = next();
	const struct gh_layout *layout;
	char *memory;
	int i;

	if (index < 0 || index >= gh_layout_count || count < 1 || count > MAX_OBJECTS)
		diverged(FAULT_SCRIPT);
	layout = &gh_layouts[index];
	memory = allocate(layout->bytes * (unsigned long)count);
	for (i = 0; i < count; i++) {
		layout->begin(memory + layout->bytes * (unsigned long)i);
		named(id + i, memory + layout->bytes * (unsigned long)i, layout, layout->bytes);
	}
}

static void new_bytes(void)
{
	const int id = next();
	const int bytes = next();

	if (bytes < 0)
		diverged(FAULT_SCRIPT);
	named(id, allocate((size_t)bytes + 1), NULL, (unsigned long)bytes + 1);
	objects[id].bytes = (unsigned long)bytes;
}

static void fill(unsigned char *to, const int32_t *words, int from, int bytes)
{
	int i;

	for (i = 0; i < bytes; i++)
		to[i] = (unsigned char)((uint32_t)words[(from + i) >> 2] >> (8 * ((from + i) & 3)));
}

static const int32_t *byte_words(int bytes)
{
	const int32_t *words = at;

	if (bytes < 0 || (script_end - at) < (bytes + 3) / 4)
		diverged(FAULT_SCRIPT);
	at += (bytes + 3) / 4;
	return words;
}

static void store_bytes(void)
{
	const int64_t code = next_value();
	const int bytes = next();

	fill((unsigned char *)(uintptr_t)decoded(code), byte_words(bytes), 0, bytes);
}

static void store_cell(const struct gh_argument *given, int count)
{
	const int index = next();
	const int element = next();
	const int64_t value = next_value();
	const struct gh_argument *one;
	char *cell;
	uint64_t raw;

	if (index < 0 || index >= count)
		diverged(FAULT_SCRIPT);
	one = &given[index];
	if (one->value == 0 || one->cell_bytes == 0)
		diverged(FAULT_SCRIPT);
	raw = one->cell_is_pointer ? decoded(value) : (uint64_t)value;
	cell = (char *)(uintptr_t)one->value + (long)element * one->cell_bytes;
	memcpy(cell, &raw, (size_t)one->cell_bytes);
}

static void store_argument_leaf(const struct gh_argument *given, int count)
{
	const int index = next();
	const int leaf = next();
	const int64_t value = next_value();
	const struct gh_layout *layout;

	if (index < 0 || index >= count || given[index].layout < 0)
		diverged(FAULT_SCRIPT);
	layout = &gh_layouts[given[index].layout];
	if (leaf < 0 || leaf >= layout->leaves)
		diverged(FAULT_SCRIPT);
	layout->store((void *)(uintptr_t)given[index].value, leaf,
		      layout->leaf[leaf].is_pointer ? (long long)decoded(value) : value);
}

/* What the surroundings do that needs no more than memory; 0 for all other commands. */
static int carry_out(int command)
{
	switch (command) {
	case COMMAND_JIFFIES:
		gh_jiffies = (unsigned long)next_value();
		return 1;
	case COMMAND_WRITE:
		write_leaf();
		return 1;
	case COMMAND_NEW:
		new_object();
		return 1;
	case COMMAND_NEW_ARRAY:
		new_array();
		return 1;
	case COMMAND_NEW_BYTES:
		new_bytes();
		return 1;
	case COMMAND_BYTES:
		store_bytes();
		return 1;
	case COMMAND_LOOK:
		changes();
		return 1;
	case COMMAND_RECEIVED:
		received_bytes = next();
		received = byte_words(received_bytes);
		return 1;
	case COMMAND_SCRAMBLE:
		sleep_or_wake(command);
		return 1;
	default:
		return 0;
	}
}

static void entered(int function, const long long *given)
{
	int is_pointer = 0;
	long long result = gh_enter(function, given, &is_pointer);

	changes();
	/* As if called from there: who asks takes one off. */
	place_of_event((char *)gh_functions[function] + 1);
	emit(EVENT_RETURN | function << 8);
	emit_value(is_pointer ? code_of((uint64_t)result) : result);
}

static int next_entry(long long *given, int *count)
{
	const int function = next();
	int i;

	*count = next();
	if (function < 0 || function >= gh_function_count || *count < 0 || *count > 16)
		diverged(FAULT_SCRIPT);
	for (i = 0; i < 16; i++)
		given[i] = 0;
	for (i = 0; i < *count; i++) {
		const int is_pointer = next();
		const int64_t value = next_value();

		given[i] = is_pointer ? (long long)decoded(value) : value;
	}
	return function;
}

static void nested_entry(void)
{
	long long given[16];
	int count;
	int function;

	next();
	function = next_entry(given, &count);
	entered(function, given);
}

static void coroutine_main(void)
{
	for (;;) {
		struct coroutine *self = running;

		entered(self->function, self->given);
		self->is_live = 0;
		if (!_setjmp(self->at))
			_longjmp(main_at, 1);
	}
}

/* Runs a coroutine until it blocks or ends. */
static void run_coroutine(struct coroutine *one)
{
	running = one;
	if (!_setjmp(main_at)) {
		if (one->is_made)
			_longjmp(one->at, 1);
		one->is_made = 1;
		setcontext(&one->context);
	}
	running = NULL;
}

static void block(void)
{
	struct coroutine *self = running;

	if (!self)
		diverged(FAULT_SCRIPT);
	if (!_setjmp(self->at))
		_longjmp(main_at, 1);
}

static void start_coroutine(void)
{
	const int index = next();
	struct coroutine *one;

	if (index < 0 || index >= MAX_COROUTINES || coroutines[index].is_live)
		diverged(FAULT_SCRIPT);
	one = &coroutines[index];
	if (index >= coroutines_used)
		coroutines_used = index + 1;
	one->function = next_entry(one->given, &one->count);
	one->is_live = 1;
	one->locks = 0;
	run_coroutine(one);
}

static void resume_coroutine(void)
{
	const int index = next();

	if (index < 0 || index >= MAX_COROUTINES || !coroutines[index].is_live)
		diverged(FAULT_SCRIPT);
	run_coroutine(&coroutines[index]);
}

static void emit_bytes(const unsigned char *byte, unsigned long count)
{
	uint32_t word = 0;
	unsigned long i;

	for (i = 0; i < count; i++) {
		word |= (uint32_t)byte[i] << (8 * (i & 3));
		if ((i & 3) == 3 || i == count - 1) {
			emit((int32_t)word);
			word = 0;
		}
	}
}

static void show_argument(const struct gh_argument *given, int count)
{
	const int index = next();
	const int bytes = next();

	if (index < 0 || index >= count || bytes < 0 || bytes > CONTENT_BYTES || given[index].kind != GH_IS_POINTER)
		diverged(FAULT_SCRIPT);
	emit(EVENT_BYTES | bytes << 8);
	emit_bytes((const unsigned char *)(uintptr_t)given[index].value, (unsigned long)bytes);
}

/* What happens during a call over the boundary, up to its result. */
static void surroundings(const struct gh_argument *given, int count)
{
	for (;;) {
		const int command = next();

		switch (command) {
		case COMMAND_RESULT:
			return;
		case COMMAND_OUT:
			store_cell(given, count);
			break;
		case COMMAND_OUT_LEAF:
			store_argument_leaf(given, count);
			break;
		case COMMAND_SHOW:
			show_argument(given, count);
			break;
		case COMMAND_ENTER:
			nested_entry();
			break;
		case COMMAND_BLOCK:
			block();
			break;
		case COMMAND_END:
			siglongjmp(sequence_end, 1);
		default:
			if (!carry_out(command))
				diverged(FAULT_SCRIPT);
		}
	}
}

static int depth_of_calls;

long long gh_ask(int id, struct gh_argument *given, int count, void *place)
{
	int64_t result;

	if (++depth_of_calls > MAX_DEPTH)
		diverged(FAULT_SCRIPT);
	call_event(id, given, count, place);
	surroundings(given, count);
	result = next_value();
	depth_of_calls--;
	return result;
}

void *gh_ask_pointer(int id, struct gh_argument *given, int count, void *place)
{
	return (void *)(uintptr_t)decoded(gh_ask(id, given, count, place));
}

/* Another thread comes here if the script says so of this very point. */
void gh_preemption_point(int kind)
{
	struct coroutine *self = running;

	points++;
	if (kind == GH_POINT_RELEASE && self->locks-- <= 0)
		gh_stop(GH_STOP_BUG, __builtin_return_address(0));
	if (script_end - at >= 2 && at[0] == COMMAND_PREEMPT && at[1] == points) {
		at += 2;
		changes();
		place_of_event(__builtin_return_address(0));
		emit(EVENT_PREEMPT | kind << 8);
		emit(self->locks);
		surroundings(NULL, 0);
		next_value();
	}
	if (kind == GH_POINT_TAKE)
		self->locks++;
}

void gh_begin_wait(int id, struct gh_argument *given, int count, void *place)
{
	call_event(id, given, count, place);
}

int gh_wants_condition(void)
{
	for (;;) {
		const int command = next();

		switch (command) {
		case COMMAND_EVALUATE:
			return 1;
		case COMMAND_RESULT:
			return 0;
		case COMMAND_ENTER:
			nested_entry();
			break;
		case COMMAND_BLOCK:
			block();
			break;
		case COMMAND_END:
			siglongjmp(sequence_end, 1);
		default:
			if (!carry_out(command))
				diverged(FAULT_SCRIPT);
		}
	}
}

void gh_condition(int is_true)
{
	changes();
	emit(EVENT_CONDITION | (is_true ? 1 : 0) << 8);
}

long long gh_result(void)
{
	return next_value();
}

void gh_stop(int id, void *place)
{
	changes();
	place_of_event(place);
	emit(EVENT_STOP | id << 8);
	siglongjmp(sequence_end, 1);
}

void gh_missing(void)
{
	gh_stop(GH_STOP_UNMODELLED, __builtin_return_address(0));
}

void gh_received(void *target, long bytes, long offset)
{
	if (offset + bytes > received_bytes)
		diverged(FAULT_SCRIPT);
	fill(target, received, (int)offset, (int)bytes);
}

static void restore_variables(void)
{
	int i;

	for (i = 0; i < gh_variable_count; i++)
		memcpy(gh_variables[i].address, initial[i], gh_variables[i].bytes);
	gh_layouts[gh_globals_layout].begin(NULL);
	object_count = 1;
	named(1, NULL, &gh_layouts[gh_globals_layout], 0);
	for (i = 0; i < gh_variable_count; i++) {
		const struct gh_variable *one = &gh_variables[i];

		if (one->layout < 0)
			continue;
		gh_layouts[one->layout].begin(one->address);
		named(object_count, one->address, &gh_layouts[one->layout], one->bytes);
	}
}

static void outermost(void)
{
	for (;;) {
		const int command = next();

		switch (command) {
		case COMMAND_ENTER:
			start_coroutine();
			break;
		case COMMAND_RESUME:
			resume_coroutine();
			break;
		case COMMAND_END:
			return;
		default:
			if (!carry_out(command))
				diverged(FAULT_SCRIPT);
		}
	}
}

static void forget_coroutines(void)
{
	int i;

	/* Those that have ended wait at their own end; those that have not begin anew. */
	for (i = 0; i < coroutines_used; i++) {
		if (!coroutines[i].is_live)
			continue;
		coroutines[i].is_live = 0;
		coroutines[i].is_made = 0;
		makecontext(&coroutines[i].context, coroutine_main, 0);
	}
	coroutines_used = 0;
	points = 0;
	running = NULL;
	depth_of_calls = 0;
}

static void sequence(const int32_t *words, int32_t count)
{
	at = script = words;
	script_end = words + count;
	arena_used = 0;
	local_count = 0;
	gh_jiffies = 0;
	if (sigsetjmp(sequence_end, 0) == 0) {
		restore_variables();
		outermost();
	}
	forget_coroutines();
	emit(EVENT_END);
}

static void on_fault(int number)
{
	const int kind = number == SIGVTALRM ? FAULT_TIME : number == SIGFPE ? FAULT_ARITHMETIC : FAULT_MEMORY_ACCESS;
	const struct itimerval limit = { { 0, 0 }, { CPU_SECONDS, 0 } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (number == SIGVTALRM)
		setitimer(ITIMER_VIRTUAL, &limit, NULL);
	diverged(kind);
}

static void *pages(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		_exit(3);
	return memory;
}

static void prepare(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGVTALRM };
	const struct rlimit memory = { (rlim_t)1 << 30, (rlim_t)1 << 30 };
	struct sigaction action;
	stack_t stack;
	unsigned int i;
	int j;

	setrlimit(RLIMIT_AS, &memory);
	memset(&stack, 0, sizeof(stack));
	stack.ss_sp = pages(STACK_BYTES);
	stack.ss_size = STACK_BYTES;
	sigaltstack(&stack, NULL);
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_fault;
	action.sa_flags = SA_ONSTACK | SA_NODEFER;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	arena = pages(arena_bytes);
	for (j = 0; j < MAX_COROUTINES; j++) {
		getcontext(&coroutines[j].context);
		/* The lowest page of each stack stays out of reach: an overflow must not reach its neighbour. */
		char *bottom = pages(STACK_BYTES);

		mprotect(bottom, 4096, PROT_NONE);
		coroutines[j].context.uc_stack.ss_sp = bottom;
		coroutines[j].context.uc_stack.ss_size = STACK_BYTES;
		coroutines[j].context.uc_link = NULL;
		makecontext(&coroutines[j].context, coroutine_main, 0);
	}
	initial = calloc((size_t)gh_variable_count + 1, sizeof(*initial));
	for (j = 0; initial && j < gh_variable_count; j++) {
		initial[j] = malloc(gh_variables[j].bytes + 1);
		if (initial[j])
			memcpy(initial[j], gh_variables[j].address, gh_variables[j].bytes);
	}
}

static int read_all(void *to, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		const ssize_t count = read(0, (char *)to + done, bytes - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return 0;
		done += (size_t)count;
	}
	return 1;
}

static void write_all(const void *from, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		const ssize_t count = write(1, (const char *)from + done, bytes - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			_exit(4);
		done += (size_t)count;
	}
}

/* The first thing that is told: how many bytes each struct has here, and which ordinal stands for each place. */
static void tell_sizes(void)
{
	int32_t total;
	int i, j;

	for (i = 0; i < gh_layout_count; i++)
		emit((int32_t)gh_layouts[i].bytes);
	for (i = 0; i < gh_layout_count; i++) {
		for (j = 0; j < gh_layouts[i].places; j++)
			emit((int32_t)(uint32_t)code_in(0, &gh_layouts[i], gh_layouts[i].place[j].offset));
	}
	total = (int32_t)out_words;
	write_all(&total, sizeof(total));
	write_all(out, out_words * sizeof(*out));
}

/* A frame: its words, whether places are wanted, then sequences with their lengths. */
int main(void)
{
	const struct itimerval limit = { { 0, 0 }, { CPU_SECONDS, 0 } };
	int32_t *frame = NULL;
	size_t room = 0;
	int32_t head[2];

	prepare();
	tell_sizes();
	while (read_all(head, sizeof(head))) {
		const size_t words = (size_t)(uint32_t)head[0];
		size_t i = 0, sequences = 0, j;
		int32_t total;

		if (words > room) {
			frame = realloc(frame, words * sizeof(*frame));
			room = words;
		}
		if (!frame || !read_all(frame, words * sizeof(*frame)))
			return 3;
		with_places = head[1];
		out_words = 0;
		setitimer(ITIMER_VIRTUAL, &limit, NULL);
		while (i < words) {
			const int32_t count = frame[i];

			if (count < 0 || i + 1 + (size_t)count > words)
				return 5;
			sequence(frame + i + 1, count);
			/* Where its events end stands behind all events. */
			frame[sequences++] = (int32_t)out_words;
			i += 1 + (size_t)count;
		}
		for (j = 0; j < sequences; j++)
			emit(frame[j]);
		total = (int32_t)out_words;
		write_all(&total, sizeof(total));
		write_all(out, out_words * sizeof(*out));
	}
	return 0;
}
