/**
 * What an identifier of kernel C can be to a parser that has seen no #define.
 */

export const PLAIN = 0;
/** Words of a type: `unsigned`, `struct`, ... */
export const TYPE = 1;
/** `static`, `extern`, `inline`, `typedef`, ... */
export const STORAGE = 2;
/** Keywords that begin a statement. */
export const STATEMENT = 3;
/** Keywords that are operators: `sizeof` and its kin. */
export const OPERATOR = 4;
/** Compiler and sparse annotations without meaning for timing; with their argument list where one follows. */
export const ANNOTATION = 5;
export const ASM = 6;
export const TYPEOF = 7;
/** `struct`, `union`, `enum`: the next word is a tag. */
export const TAGGED = 8;
export const ALIGNOF = 9;

const KINDS: readonly (readonly [number, string])[] = [
  [
    TYPE,
    "unsigned signed int long short char void const volatile float double _Bool __signed__ __const__ __volatile__",
  ],
  [TYPE, "__volatile __const _Complex __int128 _Atomic"],
  [TAGGED, "struct union enum"],
  [STORAGE, "static extern inline typedef register auto __inline __inline__ _Noreturn _Thread_local __thread"],
  [STATEMENT, "if else for while do switch case default return goto break continue"],
  [OPERATOR, "sizeof _Generic"],
  [ALIGNOF, "_Alignof __alignof__ __alignof alignof"],
  [ASM, "asm __asm__ __asm asm_volatile_goto asm_goto_output asm_inline"],
  [TYPEOF, "typeof __typeof__ __typeof typeof_unqual __typeof_unqual__ __unqual_scalar_typeof"],
  // include/linux/compiler_attributes.h, compiler_types.h, init.h, cache.h, linkage.h, sparse
  [ANNOTATION, "__attribute__ __attribute __extension__ __label__ __user __iomem __rcu __percpu __kernel __force"],
  [ANNOTATION, "__bitwise __bitwise__ __nocast __private __safe __chk_user_ptr __acquires __releases __acquire_shared"],
  [ANNOTATION, "__must_hold __must_hold_shared __cond_acquires __cond_releases __context__"],
  [ANNOTATION, "__context_unsafe __no_context_analysis __guarded_by __pt_guarded_by __releases_shared"],
  [ANNOTATION, "__acquires_shared __releases_ret __acquires_ret __try_acquires __requires_ctx_lock"],
  [ANNOTATION, "__maybe_unused __always_unused __unused __used __must_check __deprecated __packed __aligned __weak"],
  [ANNOTATION, "__aligned_largest __alias __cold __hot __pure __attribute_const__ __const_func __malloc __alloc_size"],
  [ANNOTATION, "__printf __scanf __format_arg __gnu_inline __noreturn __visible __section __noclone __nonstring"],
  [ANNOTATION, "__no_sanitize_address __no_kcsan __no_kasan_or_inline __no_sanitize_memory __no_sanitize_undefined"],
  [ANNOTATION, "__no_sanitize __no_sanitize_or_inline __no_stack_protector __no_profile __no_kmsan_checks"],
  [ANNOTATION, "__disable_sanitizer_instrumentation __no_randomize_layout __randomize_layout __designated_init"],
  [ANNOTATION, "__latent_entropy __counted_by __counted_by_le __counted_by_be __sized_by __counted_by_ptr __flatten"],
  [
    ANNOTATION,
    "__assume_aligned __copy __diagnose_as __pass_object_size __overloadable __realloc_size __uninitialized",
  ],
  [ANNOTATION, "__init __exit __initdata __exitdata __initconst __exitconst __init_or_module __initdata_or_module"],
  [ANNOTATION, "__devinit __devexit __devinitdata __devexitdata __devinitconst __devexitconst __cpuinit __cpuexit"],
  [ANNOTATION, "__cpuinitdata __meminit __memexit __meminitdata __net_init __net_exit __net_initdata __ref __refdata"],
  [
    ANNOTATION,
    "__refconst __init_refok __sched __lockfunc __kprobes __read_mostly __ro_after_init __page_aligned_data",
  ],
  [ANNOTATION, "__page_aligned_bss __cacheline_aligned __cacheline_aligned_in_smp ____cacheline_aligned"],
  [ANNOTATION, "____cacheline_aligned_in_smp ____cacheline_internodealigned_in_smp ____ptr_alignof __nosavedata"],
  [ANNOTATION, "__always_inline __noinline noinline noinline_for_stack notrace asmlinkage __noclone __bpf_kfunc"],
  [ANNOTATION, "__nocapture __nocfi __nocf_check __ksym __rcu_assign fastcall FASTCALL __jiffy_arch_data __irq_entry"],
  [ANNOTATION, "__softirq_entry __exception_irq_entry noinstr __cpuidle __entry_text __optimize __no_fgcse __ifunc"],
  [
    ANNOTATION,
    "__cleanup __free __flex_counter __signed_wrap __rust_helper ____must_check __no_caller_saved_registers",
  ],
  [ANNOTATION, "__no_kstack_erase __data_racy __ref_optional __kcfi_salt CPP_ASMLINKAGE __visible_for_testing"],
  [ANNOTATION, "VISIBLE_IF_KUNIT __bpf_hook_start __bpf_hook_end __efi_runtime __noendbr __vdso_data"],
];

const WORDS = new Map<string, number>();
for (const [kind, words] of KINDS) for (const word of words.split(" ")) WORDS.set(word, kind);

/** @returns one of the constants above */
export function wordKind(word: string): number {
  return WORDS.get(word) ?? PLAIN;
}

/** Names that loop over something and take a statement after their argument list. */
export function looksLikeLoop(name: string): boolean {
  return /for_?each|foreach|_each(?:_|$)|^while_|^do_until|^FOREACH|FOR_EACH/.test(name);
}

/** An identifier that reads as an annotation where a type or name is expected. */
export function looksLikeAnnotation(name: string): boolean {
  if (/^__(?:be|le|u|s|sum|wsum|virtio|fs|kernel|poll|addrpair|portpair|hc)\d*/.test(name)) return false;
  return /^__[a-z]/.test(name) || /^[A-Z][A-Z0-9_]{2,}$/.test(name);
}
