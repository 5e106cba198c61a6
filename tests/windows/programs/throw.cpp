// throw.exe: a C++ exception that nobody catches; the runtime of GCC then calls abort(), which ends with the status 3.
#include <cstdio>
#include <stdexcept>

int main()
{
    std::puts("throwing");
    std::fflush(stdout);
    throw std::runtime_error("thrown for the test");
}
