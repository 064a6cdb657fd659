/* QEMU's e1000e device, a network card, as far as it interrupts by messages (Intel 82574 GbE Controller Family Datasheet, 10.2.4). */
#pragma once
#include "machine.h"

#define E1000E 0x10d38086

/* Like edu_messages, by the first message of its table. */
u32 e1000e_messages(volatile u32 *registers, u32 times);
