// The last 64 KB of the ROM: from the reset vector to 32-bit code, which copies the program (what
// lies before in the ROM, PROGRAM_BYTES of it) to 1 MB and jumps there.
  .code16
  .section .reset, "ax"
rom:
  .org 0xff00
start:
  cli
  lgdtl %cs:table_address - rom
  movl %cr0, %eax
  orl $1, %eax
  movl %eax, %cr0
  ljmpl $8, $0xffff0000 + copy - rom
  .code32
copy:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movl $0xffff0000 - PROGRAM_BYTES, %esi
  movl $0x100000, %edi
  movl $PROGRAM_BYTES / 4, %ecx
  cld
  rep movsl
  movl $0x100000, %eax
  jmp *%eax
  .balign 8
table:
  .quad 0
  .quad 0x00cf9a000000ffff  // code, 4 GB
  .quad 0x00cf92000000ffff  // data
table_address:
  .word 23
  .long 0xffff0000 + table - rom
  .code16
  .org 0xfff0
  jmp start
  .org 0x10000
