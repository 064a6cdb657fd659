/*
 * The lab's guest: an operating system of a few hundred lines that does what a test tells it.
 *
 * It reports below its own Xenstore directory:
 *   data/pci      slot:identity of every device, in hexadecimal, as soon as it changes:  "0:12378086 1:70008086 4:11e81234"
 *   data/wanted   slots whose device the host wants back, while the guest refuses:  "4"
 *   data/answer   "<number> ok …" or "<number> failed …" to data/command:
 *
 *   <number> eject agree|refuse      what to do when the host wants a device back (at first: agree)
 *   <number> registers <slot>        maps the first BAR; the first register, and the second after 0x12345678 was written to it (edu inverts it)
 *   <number> dma <slot>              has edu fetch words from this guest's memory and bring them back to another place; how many came right
 *   <number> interrupt <slot>        has edu interrupt by its line, three times; how often it did
 *   <number> message <slot>          the same by messages: edu's (MSI), or e1000e's (MSI-X)
 *   <number> probe on|off            do that by itself the moment a device appears, looking all the time, and report in data/probe
 *   <number> read|list <path>        what Xenstore says to this domain
 *   <number> reboot|crash|poweroff
 */
#include "e1000e.h"
#include "edu.h"
#include "pci.h"
#include "xen.h"

/* Ticks. An interrupt and a watch tell nearly all; what they do not is a device that is gone since the machine was reset, and a watch that was lost when the guest was restored. */
#define LOOK_EVERY 100
#define INTERRUPTS 3

static u32 seen[SLOTS];
static int refuses, probes;

static void report(const char *node, const char *value)
{
    static struct answer ignored;
    xenstore_write(node, value, &ignored);
}

static void read_registers(struct text *text, u32 slot)
{
    volatile u32 *registers = pci_map(slot);
    put_number(text, registers[0], 16);
    registers[1] = 0x12345678;
    put(text, " ");
    put_number(text, registers[1], 16);
}

static void probe(u32 slot)
{
    char line[64];
    struct text text = {line, line + sizeof line};
    put_number(&text, slot, 16);
    put(&text, ":");
    read_registers(&text, slot);
    say(line);
    report("data/probe", line);
}

static void scan(void)
{
    static char line[1024];
    struct text text = {line, line + sizeof line};
    int changed = 0;
    line[0] = 0;
    for (u32 slot = 0; slot < SLOTS; slot++) {
        u32 identity = pci_identity(slot);
        if (identity != seen[slot]) {
            changed = 1;
            seen[slot] = identity;
            if (probes && identity != NO_DEVICE) probe(slot);
        }
        if (identity == NO_DEVICE) continue;
        if (line[0]) put(&text, " ");
        put_number(&text, slot, 16);
        put(&text, ":");
        put_number(&text, identity, 16);
    }
    if (!changed) return;
    say(line);
    report("data/pci", line);
}

static void give_back(void)
{
    static u32 reported;
    u32 wanted = pci_wanted_back();
    if (wanted && !refuses) {
        pci_eject(wanted);
        wanted = 0;
    }
    if (wanted == reported) return;
    reported = wanted;
    char line[128];
    struct text text = {line, line + sizeof line};
    line[0] = 0;
    for (u32 slot = 0; slot < SLOTS; slot++) {
        if (!(wanted & 1u << slot)) continue;
        if (line[0]) put(&text, " ");
        put_number(&text, slot, 16);
    }
    report("data/wanted", line);
}

static void carry_out(const char *command, struct text *reply)
{
    static struct answer answer;
    const char *argument;
    answer.failed = 0;
    answer.text[0] = 0;
    struct text text = {answer.text, answer.text + sizeof answer.text};
    if ((argument = after(command, "eject "))) refuses = same(argument, "refuse");
    else if ((argument = after(command, "probe "))) probes = same(argument, "on");
    else if ((argument = after(command, "registers "))) read_registers(&text, parse(argument, 16) % SLOTS);
    else if ((argument = after(command, "dma "))) put_number(&text, edu_transfer(pci_map(parse(argument, 16) % SLOTS)), 10);
    else if ((argument = after(command, "interrupt "))) {
        u32 slot = parse(argument, 16) % SLOTS;
        pci_open_line(slot);
        put_number(&text, edu_interrupts(pci_map(slot), INTERRUPTS), 10);
    } else if ((argument = after(command, "message "))) {
        u32 slot = parse(argument, 16) % SLOTS;
        u32 (*messages)(volatile u32 *, u32) = pci_identity(slot) == E1000E ? e1000e_messages : edu_messages;
        volatile u32 *registers = pci_map(slot);
        if (pci_open_messages(slot)) {
            put_number(&text, messages(registers, INTERRUPTS), 10);
            pci_close_messages(slot);
        } else answer.failed = 1;
    } else if ((argument = after(command, "read "))) xenstore_read(argument, &answer);
    else if ((argument = after(command, "list "))) xenstore_list(argument, &answer);
    else if (same(command, "reboot")) shut_down(SHUTDOWN_REBOOT);
    else if (same(command, "crash")) shut_down(SHUTDOWN_CRASH);
    else if (same(command, "poweroff")) shut_down(SHUTDOWN_POWEROFF);
    else {
        answer.failed = 1;
        put(&text, "no such command");
    }
    put(reply, answer.failed ? " failed " : " ok ");
    put(reply, answer.text);
}

static void obey(void)
{
    static struct answer command;
    static u32 last;
    static char reply[512];
    xenstore_read("data/command", &command);
    u32 number = command.failed ? 0 : parse(command.text, 10);
    if (number == 0 || number == last) return;
    last = number;
    const char *verb = command.text;
    while (*verb && *verb != ' ') verb++;
    struct text text = {reply, reply + sizeof reply};
    put_number(&text, number, 10);
    carry_out(*verb ? verb + 1 : verb, &text);
    report("data/answer", reply);
}

void main(void)
{
    say("lab guest");
    for (u32 slot = 0; slot < SLOTS; slot++) seen[slot] = NO_DEVICE;
    start_interrupts();
    if (!find_xen()) say("this is no Xen");
    u32 last_look = ticks - LOOK_EVERY;
    for (;;) {
        if (probes) scan();
        else wait_for_interrupt();
        int all = ticks - last_look >= LOOK_EVERY;
        if (all) {
            last_look = ticks;
            xenstore_watch("data/command");
        }
        /* A command may have changed what is done about a device. */
        int told = xenstore_changed() || all;
        if (told) obey();
        if (pci_changed() || told) {
            give_back();
            scan();
        }
    }
}
