/* The program that every runtime measured has to run: nothing, with nothing to load. */
int main(void)
{
	return 0;
}
