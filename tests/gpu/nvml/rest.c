/* The whole of a container: a program that waits, in an image without anything else. */
#include <unistd.h>

int main(void) {
    for (;;) pause();
}
