/* What dillinger-launch.exe reads from standard input, and what it writes to the file of events. */

#ifndef TEXT_H
#define TEXT_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* Where all memory comes from. */
extern HANDLE heap;

/* Opens standard input and the file of events, which is written anew. */
BOOL open_texts(const WCHAR *path);

void write_text(const char *text);
/* Decimal, or 8 digits to base 16. */
void write_number(DWORD number, unsigned int base);
/* In UTF-8. */
void write_wide(const WCHAR *text);

/* The next text of standard input; NULL at its end. To be freed by the caller. */
char *read_text(void);
/* The same in UTF-16. */
WCHAR *read_wide(void);

#endif
