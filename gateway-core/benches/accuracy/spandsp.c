/* The rival: the receivers of libspandsp (0.0.6) on clips of sound that come on standard input, one line for each clip on
 * standard output. It is a program of its own, built for measurements only; nothing of it is linked into the product.
 *
 * A clip is the number of its samples (32 bits, little-endian) and the samples (16 bits, little-endian, 8 kHz). Every clip meets
 * a new receiver, in pieces of 20 ms, as an application would feed it. A position is the number of samples that the receiver had
 * been given when it told.
 *
 *   dtmf                          digit@position …
 *   caller-id STANDARD            position type=hexadecimal,type=hexadecimal … (one group for each message, between "|")
 *   tones SPEC…                   code@position …; SPEC is f1,f2,min_ms,max_ms joined by ";" (0 is no frequency)
 *   cycles dtmf|caller-id|tones   nanoseconds of processor time for each 20 ms, over all clips together
 *   make-dtmf DIGITS ON_MS OFF_MS LOW_DBM0 TWIST_DB       one clip
 *   make-caller-id STANDARD NUMBER [NAME]                 one clip
 *   make-tone F1 F2 DBM0_EACH ON_MS OFF_MS TIMES          one clip
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spandsp.h>
#include <spandsp/super_tone_rx.h>

#define PIECE 160
#define LONGEST (8000 * 3600)

static int16_t *clip;
static size_t clip_room;
static size_t fed;

static void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void grow(size_t samples)
{
    if (samples <= clip_room)
        return;
    clip = realloc(clip, samples * sizeof(int16_t));
    if (!clip)
        die("out of memory");
    clip_room = samples;
}

/* The next clip: its length, or -1 at the end. */
static long read_clip(void)
{
    uint8_t head[4];
    if (fread(head, 1, 4, stdin) != 4)
        return -1;
    size_t samples = head[0] | head[1] << 8 | head[2] << 16 | (size_t) head[3] << 24;
    if (samples > LONGEST)
        die("a clip is too long");
    grow(samples + 1);
    if (fread(clip, sizeof(int16_t), samples, stdin) != samples)
        die("a clip is cut off");
    return (long) samples;
}

static void write_clip(size_t samples)
{
    uint8_t head[4] = {samples & 0xFF, samples >> 8 & 0xFF, samples >> 16 & 0xFF, samples >> 24 & 0xFF};
    fwrite(head, 1, 4, stdout);
    fwrite(clip, sizeof(int16_t), samples, stdout);
}

static size_t piece_at(size_t position, size_t samples)
{
    return samples - position < PIECE ? samples - position : PIECE;
}

static void digits_heard(void *user, const char *digits, int length)
{
    (void) user;
    for (int n = 0; n < length; n++)
        printf("%c@%zu ", digits[n], fed);
}

static void digits_ignored(void *user, const char *digits, int length)
{
    (void) user;
    (void) digits;
    (void) length;
}

static void run_dtmf(long samples, digits_rx_callback_t heard)
{
    dtmf_rx_state_t *receiver = dtmf_rx_init(NULL, heard, NULL);
    for (size_t at = 0; at < (size_t) samples; at += PIECE) {
        size_t length = piece_at(at, samples);
        fed = at + length;
        dtmf_rx(receiver, clip + at, (int) length);
    }
    dtmf_rx_free(receiver);
}

static int standard_of(const char *name)
{
    static const struct { const char *name; int code; } STANDARDS[] = {
        {"class", ADSI_STANDARD_CLASS}, {"clip", ADSI_STANDARD_CLIP}, {"aclip", ADSI_STANDARD_ACLIP},
        {"jclip", ADSI_STANDARD_JCLIP}, {"clip-dtmf", ADSI_STANDARD_CLIP_DTMF},
    };
    for (size_t n = 0; n < sizeof(STANDARDS) / sizeof(STANDARDS[0]); n++)
        if (strcmp(name, STANDARDS[n].name) == 0)
            return STANDARDS[n].code;
    die("an unknown standard");
    return 0;
}

static adsi_rx_state_t *listening;
static int quiet;

static void message_heard(void *user, const uint8_t *message, int length)
{
    (void) user;
    uint8_t type;
    const uint8_t *body;
    int body_length;
    if (quiet)
        return;
    printf("%zu", fed);
    int at = -1;
    for (int fields = 0; fields < 64; fields++) {
        at = adsi_next_field(listening, message, length, at, &type, &body, &body_length);
        if (at <= 0)
            break;
        printf(" %u=", type);
        for (int n = 0; body && n < body_length; n++)
            printf("%02x", body[n]);
    }
    printf("|");
}

static void run_caller_id(long samples, int standard)
{
    listening = adsi_rx_init(NULL, standard, message_heard, NULL);
    for (size_t at = 0; at < (size_t) samples; at += PIECE) {
        size_t length = piece_at(at, samples);
        fed = at + length;
        adsi_rx(listening, clip + at, (int) length);
    }
    adsi_rx_free(listening);
}

static super_tone_rx_descriptor_t *tones_of(int count, char **specs)
{
    super_tone_rx_descriptor_t *tones = super_tone_rx_make_descriptor(NULL);
    for (int n = 0; n < count; n++) {
        int tone = super_tone_rx_add_tone(tones);
        for (char *step = strtok(specs[n], ";"); step; step = strtok(NULL, ";")) {
            int f1, f2, least, most;
            if (sscanf(step, "%d,%d,%d,%d", &f1, &f2, &least, &most) != 4)
                die("a step of a tone is f1,f2,min,max");
            super_tone_rx_add_element(tones, tone, f1, f2, least, most);
        }
    }
    return tones;
}

static void tone_heard(void *user, int code, int level, int delay)
{
    (void) user;
    (void) level;
    (void) delay;
    if (!quiet)
        printf("%d@%zu ", code, fed);
}

static void run_tones(long samples, super_tone_rx_descriptor_t *tones)
{
    super_tone_rx_state_t *receiver = super_tone_rx_init(NULL, tones, tone_heard, NULL);
    for (size_t at = 0; at < (size_t) samples; at += PIECE) {
        size_t length = piece_at(at, samples);
        fed = at + length;
        super_tone_rx(receiver, clip + at, (int) length);
    }
    super_tone_rx_free(receiver);
}

/* Everything that came, as one clip, over and over for half a second. */
static void cycles(const char *what)
{
    size_t total = 0;
    long samples;
    int16_t *all = NULL;
    while ((samples = read_clip()) >= 0) {
        all = realloc(all, (total + samples + 1) * sizeof(int16_t));
        if (!all)
            die("out of memory");
        memcpy(all + total, clip, samples * sizeof(int16_t));
        total += samples;
    }
    clip = all;
    quiet = 1;
    char busy[] = "480,620,200,300;0,0,200,300";
    char dial[] = "350,440,600,0";
    char *specs[] = {busy, dial};
    super_tone_rx_descriptor_t *tones = tones_of(2, specs);
    clock_t began = clock();
    double frames = 0;
    while (clock() - began < CLOCKS_PER_SEC / 2) {
        if (strcmp(what, "dtmf") == 0)
            run_dtmf((long) total, digits_ignored);
        else if (strcmp(what, "caller-id") == 0)
            run_caller_id((long) total, ADSI_STANDARD_CLASS);
        else
            run_tones((long) total, tones);
        frames += (double) total / PIECE;
    }
    printf("%.1f\n", (double) (clock() - began) / CLOCKS_PER_SEC * 1e9 / frames);
}

static void make_dtmf(char **args)
{
    dtmf_tx_state_t *sender = dtmf_tx_init(NULL);
    dtmf_tx_set_timing(sender, atoi(args[1]), atoi(args[2]));
    dtmf_tx_set_level(sender, atoi(args[3]), atoi(args[4]));
    dtmf_tx_put(sender, args[0], -1);
    size_t made = 0;
    for (int length = PIECE; length == PIECE; made += length) {
        grow(made + PIECE);
        length = dtmf_tx(sender, clip + made, PIECE);
    }
    write_clip(made);
    dtmf_tx_free(sender);
}

static void make_caller_id(int count, char **args)
{
    int standard = standard_of(args[0]);
    int by_digits = standard == ADSI_STANDARD_CLIP_DTMF;
    uint8_t message[256];
    adsi_tx_state_t *sender = adsi_tx_init(NULL, standard);
    int length = adsi_add_field(sender, message, -1, by_digits ? CLIP_DTMF_C_TERMINATED : CLASS_MDMF_CALLERID, NULL, 0);
    uint8_t number = by_digits ? CLIP_DTMF_C_CALLER_NUMBER : MCLASS_CALLER_NUMBER;
    length = adsi_add_field(sender, message, length, number, (uint8_t *) args[1], (int) strlen(args[1]));
    if (count > 2)
        length = adsi_add_field(sender, message, length, MCLASS_CALLER_NAME, (uint8_t *) args[2], (int) strlen(args[2]));
    adsi_tx_put_message(sender, message, length);
    size_t made = 0;
    for (int part = PIECE; part == PIECE && made < 8000 * 20; made += part) {
        grow(made + PIECE);
        part = adsi_tx(sender, clip + made, PIECE);
    }
    write_clip(made);
    adsi_tx_free(sender);
}

static void make_tone(char **args)
{
    tone_gen_descriptor_t *tone = tone_gen_descriptor_init(
        NULL, atoi(args[0]), atoi(args[2]), atoi(args[1]), atoi(args[2]), atoi(args[3]), atoi(args[4]), 0, 0, 1);
    tone_gen_state_t *sender = tone_gen_init(NULL, tone);
    size_t wanted = (size_t) 8 * (atoi(args[3]) + atoi(args[4])) * atoi(args[5]);
    grow(wanted + 1);
    memset(clip, 0, wanted * sizeof(int16_t));
    for (size_t made = 0; made < wanted; made += PIECE)
        tone_gen(sender, clip + made, (int) piece_at(made, wanted));
    write_clip(wanted);
    tone_gen_free(sender);
    tone_gen_descriptor_free(tone);
}

int main(int count, char **args)
{
    long samples;
    const char *mode = count > 1 ? args[1] : "";
    if (strcmp(mode, "dtmf") == 0) {
        while ((samples = read_clip()) >= 0) {
            run_dtmf(samples, digits_heard);
            printf("\n");
        }
    } else if (strcmp(mode, "caller-id") == 0 && count == 3) {
        int standard = standard_of(args[2]);
        while ((samples = read_clip()) >= 0) {
            run_caller_id(samples, standard);
            printf("\n");
        }
    } else if (strcmp(mode, "tones") == 0 && count > 2) {
        super_tone_rx_descriptor_t *tones = tones_of(count - 2, args + 2);
        while ((samples = read_clip()) >= 0) {
            run_tones(samples, tones);
            printf("\n");
        }
        super_tone_rx_free_descriptor(tones);
    } else if (strcmp(mode, "cycles") == 0 && count == 3)
        cycles(args[2]);
    else if (strcmp(mode, "make-dtmf") == 0 && count == 7)
        make_dtmf(args + 2);
    else if (strcmp(mode, "make-caller-id") == 0 && count >= 4)
        make_caller_id(count - 2, args + 2);
    else if (strcmp(mode, "make-tone") == 0 && count == 8)
        make_tone(args + 2);
    else
        die("what to do is told at the head of spandsp.c");
    return 0;
}
