/* The program that every runtime measured has to run: nothing, with nothing to load. With an
 * argument it stays until it is killed. */
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		pause();
	return 0;
}
