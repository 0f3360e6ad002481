/* C++ names, with templates and arguments. */
namespace shape
{
template <class T> struct box {
    T side;

    __attribute__((noinline)) T area(T height, const char *) const
    {
        return side * height;
    }
};
} // namespace shape

int main()
{
    volatile int side = 3;
    const shape::box<int> box = {side};
    const shape::box<long> large = {side};
    return box.area(2, "") + static_cast<int>(large.area(2L, "")) == 12 ? 0 : 1;
}
