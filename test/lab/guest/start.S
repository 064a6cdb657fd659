# Where Xen starts an ELF that is given instead of hvmloader: 32-bit protected mode, no paging, no stack.
.code32
.section .text.start
.globl _start
_start:
  cli
  movl $stack_top, %esp
  lgdt gdt_pointer
  ljmp $0x08, $segments
segments:
  movw $0x10, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %fs
  movw %ax, %gs
  movw %ax, %ss
  call main

.globl on_timer
on_timer:
  pushal
  call timer_tick
  popal
  iret

.globl on_acpi
on_acpi:
  pushal
  call acpi_event
  popal
  iret

.globl on_pci
on_pci:
  pushal
  call pci_interrupt
  popal
  iret

.globl on_message
on_message:
  pushal
  call pci_message
  popal
  iret

.globl on_other
on_other:
  iret

.align 8
gdt: .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
  .word 23
  .long gdt

.bss
.align 4096
.globl hypercall_page
hypercall_page: .space 4096
.space 16384
stack_top:
