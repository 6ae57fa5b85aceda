// A web client in C for a JavaScript host: the host's `fetch`, which C waits for.

#include <emscripten.h>
#include <stdio.h>
#include <string.h>

#ifdef EM_JS_DEPS // of later Emscriptens, which leave out what nobody names
EM_JS_DEPS(client, "$UTF8ToString,$stringToUTF8")
#endif

// Writes `STATUS BODY` to `out`, or the error's words; tells whether an answer came.
EM_ASYNC_JS(int, get, (const char *url, char *out, int size), {
  try {
    const response = await fetch(UTF8ToString(url), { headers: { accept: 'text/plain' } });
    const body = await response.text();
    stringToUTF8(response.status + ' ' + body, out, size);
    return 1;
  } catch (error) {
    stringToUTF8(String(error), out, size);
    return 0;
  }
});

int main(int argc, char **argv) {
  if (argc < 2) {
    puts("usage: client URL");
    return 1;
  }
  char answer[256];
  if (!get(argv[1], answer, sizeof answer)) {
    printf("lab: http-request wrong %s\n", answer);
    return 1;
  }
  puts("lab: http-request ok");
  if (strcmp(answer, "200 Hello from the lab\n") != 0) {
    printf("lab: http-response wrong %s\n", answer);
    return 1;
  }
  puts("lab: http-response ok");
  return 0;
}
