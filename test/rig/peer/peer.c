/* Reads requests and answers them: see peer.h. */
#include "peer.h"
#include "vchan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char answer[16384];

void say(const char *format, ...)
{
    size_t length = strlen(answer);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(answer + length, sizeof answer - length, format, arguments);
    va_end(arguments);
}

int at_end(const struct words *words)
{
    return words->next >= words->count;
}

const char *word(struct words *words)
{
    if (at_end(words)) {
        fprintf(stderr, "peer: a word is missing\n");
        exit(2);
    }
    return words->word[words->next++];
}

uint32_t number(struct words *words)
{
    const char *text = word(words);
    char *end;
    long long value = strtoll(text, &end, 10);

    if (*end || end == text || value < -1 || value > UINT32_MAX) {
        fprintf(stderr, "peer: %s is not a number\n", text);
        exit(2);
    }
    return (uint32_t)value; /* -1 becomes NONE */
}

static verb *find(const char *name)
{
    const struct named_verb *tables[] = {
        memory_verbs, event_verbs, stream_verbs, vchan_verbs, vchan_stream_verbs, vchan_call_verbs,
    };

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct named_verb *each = tables[i]; each->name; each++)
            if (!strcmp(each->name, name))
                return each->run;
    fprintf(stderr, "peer: there is no verb %s\n", name);
    exit(2);
}

int main(void)
{
    struct peer peer = { xengnttab_open(NULL, 0), xengntshr_open(NULL, 0), xenevtchn_open(NULL, 0) };
    static char line[8192];

    if (!peer.maps || !peer.shares || !peer.events) {
        perror("peer: cannot open the devices");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        struct words words = { 0, 0, { 0 } };
        char *rest = line;
        char *each;
        int result;

        while (words.count < MAX_WORDS && (each = strsep(&rest, " \n")))
            if (*each)
                words.word[words.count++] = each;
        strcpy(answer, "ok");
        result = find(word(&words))(&peer, &words);
        if (result < 0)
            printf("error %d %s\n", errno, strerror(errno));
        else if (result == 0)
            printf("%s\n", answer);
    }
    close_channels();
    xenevtchn_close(peer.events);
    xengntshr_close(peer.shares);
    xengnttab_close(peer.maps);
    return 0;
}
