// From 32-bit code to C in long mode: 1 GB mapped as it lies, all vector registers enabled, every
// exception caught. Invalid opcodes go to bf16.c with the registers saved, everything else stops
// with a line.
#define STATE_VECTORS 0     // 32 zmm registers
#define STATE_GENERAL 2048  // 16 registers in the order of their numbers
#define STATE_RIP 2176
#define STATE_BYTES 2240

  .section .boot, "ax"
  .code32
  .globl _start
_start:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movl $stack_end, %esp

  movl $bss_start, %edi
  movl $bss_end, %ecx
  subl %edi, %ecx
  shrl $2, %ecx
  xorl %eax, %eax
  rep stosl

  movl $level3 + 7, level4
  movl $level2 + 7, level3
  xorl %ecx, %ecx
1:
  movl %ecx, %eax
  shll $21, %eax
  orl $0x87, %eax  // present, writable, 2 MB
  movl %eax, level2(, %ecx, 8)
  incl %ecx
  cmpl $512, %ecx
  jne 1b

  movl %cr4, %eax
  orl $0x40620, %eax  // PAE, OSFXSR, OSXMMEXCPT, OSXSAVE
  movl %eax, %cr4
  movl $level4, %eax
  movl %eax, %cr3
  movl $0xc0000080, %ecx
  rdmsr
  orl $0x100, %eax  // long mode
  wrmsr
  movl %cr0, %eax
  andl $0x9ffffff3, %eax  // caches on, no emulation of x87
  orl $0x80000022, %eax   // paging, native x87 errors, monitor
  movl %eax, %cr0
  lgdt table_address
  ljmp $8, $in_long_mode

  .code64
in_long_mode:
  xorl %ecx, %ecx
  xgetbv
  orl $0xe7, %eax  // x87, SSE, AVX, the three parts of AVX-512
  xsetbv
  fninit
  ldmxcsr modes(%rip)

  movl $task, %eax  // its descriptor's base
  movw %ax, task_descriptor + 2
  shrl $16, %eax
  movb %al, task_descriptor + 4
  movb %ah, task_descriptor + 7
  movw $24, %ax
  ltr %ax

  movl $catch0, %eax
  movl $interrupts, %edi
  movl $32, %ecx
1:
  movw %ax, (%rdi)
  movw $8, 2(%rdi)
  movw $0x8e01, 4(%rdi)  // interrupt gate on the stack of its own
  movl %eax, %edx
  shrl $16, %edx
  movw %dx, 6(%rdi)
  addl $16, %edi
  addl $16, %eax
  loop 1b
  lidt interrupts_address

  call machine_main
2:
  hlt
  jmp 2b

  .macro catch number
  .balign 16
catch\number:
  .if (0x27d00 >> \number & 1) == 0
  pushq $0  // where the processor gives no error code
  .endif
  pushq $\number
  jmp catch_any
  .endm
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  catch \n
  .endr

  .balign 16
catch_any:  // on the stack: number, error code, rip, cs, flags, rsp, ss
  movq %rax, state + STATE_GENERAL
  movq %rcx, state + STATE_GENERAL + 8
  movq %rdx, state + STATE_GENERAL + 16
  movq %rbx, state + STATE_GENERAL + 24
  movq 40(%rsp), %rax
  movq %rax, state + STATE_GENERAL + 32
  movq %rbp, state + STATE_GENERAL + 40
  movq %rsi, state + STATE_GENERAL + 48
  movq %rdi, state + STATE_GENERAL + 56
  movq %r8, state + STATE_GENERAL + 64
  movq %r9, state + STATE_GENERAL + 72
  movq %r10, state + STATE_GENERAL + 80
  movq %r11, state + STATE_GENERAL + 88
  movq %r12, state + STATE_GENERAL + 96
  movq %r13, state + STATE_GENERAL + 104
  movq %r14, state + STATE_GENERAL + 112
  movq %r15, state + STATE_GENERAL + 120
  movq 16(%rsp), %rax
  movq %rax, state + STATE_RIP
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  vmovdqu64 %zmm\n, state + 64 * \n
  .endr
  stmxcsr caught_modes
  movq $state, %rdi
  movq (%rsp), %rsi
  movq 8(%rsp), %rdx
  cld
  call machine_caught  // returns the address where the program goes on
  movq %rax, 16(%rsp)
  ldmxcsr caught_modes
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  vmovdqu64 state + 64 * \n, %zmm\n
  .endr
  movq state + STATE_GENERAL, %rax
  movq state + STATE_GENERAL + 8, %rcx
  movq state + STATE_GENERAL + 16, %rdx
  movq state + STATE_GENERAL + 24, %rbx
  movq state + STATE_GENERAL + 40, %rbp
  movq state + STATE_GENERAL + 48, %rsi
  movq state + STATE_GENERAL + 56, %rdi
  movq state + STATE_GENERAL + 64, %r8
  movq state + STATE_GENERAL + 72, %r9
  movq state + STATE_GENERAL + 80, %r10
  movq state + STATE_GENERAL + 88, %r11
  movq state + STATE_GENERAL + 96, %r12
  movq state + STATE_GENERAL + 104, %r13
  movq state + STATE_GENERAL + 112, %r14
  movq state + STATE_GENERAL + 120, %r15
  addq $16, %rsp
  iretq

  .data
  .balign 16
table:
  .quad 0
  .quad 0x00af9a000000ffff  // code, 64 bits
  .quad 0x00cf92000000ffff  // data
task_descriptor:
  .quad 0x0000890000000067
  .quad 0
table_address:
  .word 39
  .quad table
interrupts_address:
  .word 511
  .quad interrupts
modes:
  .long 0x1f80
  .balign 16
task:
  .long 0
  .fill 4, 8, 0
  .quad caught_stack_end  // stack 1
  .fill 8, 8, 0
  .long 0

  .bss
  .balign 4096
level4: .skip 4096
level3: .skip 4096
level2: .skip 4096
interrupts: .skip 512
caught_modes: .skip 64
  .balign 64
state: .skip STATE_BYTES
  .balign 64
  .skip 65536
caught_stack_end:
  .skip 1 << 20
stack_end:
