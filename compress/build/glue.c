/* The part of the extension module that is the same for all kernels: from Python objects to the
 * arguments that numba's calling convention takes, and back. Uses the stable interface of
 * Python >= 3.11 alone, so that one module serves all versions.
 *
 * What types an argument may have stands in a text, one letter a scalar: q and Q for integers of 64
 * bits, d for a float, ? for a truth value, N for None. "(3" begins a tuple of three. An array is
 * "A", the kind of its items (i, u, f, c, ?), their size, the number of dimensions, and r or w: only
 * read, or written too. Results are written the same way; n is no result.
 */
#include "stable.h"
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* The level of the processor, by the list in the psABI; compilers' own tests are not everywhere. */
static int level_of_x86_64(void) {
    unsigned a, b, c, d, low, high;
    unsigned second = 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23;
    unsigned third = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
    unsigned wide = 1u << 3 | 1u << 5 | 1u << 8;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & second) != second) return 1;
    if ((c & third) != third) return 2;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    if ((low & 6) != 6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & wide) != wide) return 2;
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & 1u << 5)) return 2;
    return 3;
}
#endif

#define MOST_VALUES 512
#define MOST_ARRAYS 64

typedef union {
    int64_t i;
    double d;
    void *p;
} Value;

typedef struct {
    Value values[MOST_VALUES];
    Py_buffer arrays[MOST_ARRAYS];
    int values_used, arrays_used;
} Call;

/* numba's description of an exception: a pickle of (type, arguments, place). */
typedef struct {
    const char *pickled;
    int32_t size;
    void *hash, *dynamic;
    int32_t dynamic_arguments;
} Raised;

typedef int (*Invoke)(const Value *values, void *result, Raised **raised);

typedef struct {
    const char *arguments, *result;
    Invoke invoke;
} Signature;

/* The head of numba's reference-counted memory: kernels read its count and its data themselves. */
typedef struct {
    size_t count;
    void *destructor, *destructor_argument, *data;
    size_t size;
    void *allocator;
} Memory;

static PyObject *otherwise, *raise_pickled, *empty_array;

__attribute__((visibility("hidden"))) void *NRT_MemInfo_alloc_aligned(size_t size, uint32_t align) {
    if (align < 16) align = 16;
    if (size > SIZE_MAX - sizeof(Memory) - 2 * (size_t)align) return NULL;
    Memory *memory = malloc(sizeof(Memory) + size + align);
    if (memory == NULL) return NULL;
    uintptr_t data = (uintptr_t)(memory + 1);
    memset(memory, 0, sizeof(Memory));
    memory->count = 1;
    memory->size = size;
    memory->data = (void *)((data + align - 1) / align * align);
    return memory;
}

__attribute__((visibility("hidden"))) void *NRT_MemInfo_alloc_safe_aligned(size_t size, uint32_t align) {
    return NRT_MemInfo_alloc_aligned(size, align);
}

__attribute__((visibility("hidden"))) void NRT_MemInfo_call_dtor(void *memory) {
    free(memory);
}

/* Used where kernels hand on an allocator of their own; malloc is the only one here. */
__attribute__((visibility("hidden"))) void *NRT_Allocate(size_t size) {
    return malloc(size);
}

__attribute__((visibility("hidden"))) void NRT_Free(void *data) {
    free(data);
}

static void give_back(Call *call) {
    while (call->arrays_used > 0) PyBuffer_Release(&call->arrays[--call->arrays_used]);
}

static int put(Call *call, Value value) {
    if (call->values_used >= MOST_VALUES) return 0;
    call->values[call->values_used++] = value;
    return 1;
}

static int put_integer(Call *call, int64_t i) {
    Value value;
    value.i = i;
    return put(call, value);
}

static int put_pointer(Call *call, void *p) {
    Value value;
    value.i = 0;
    value.p = p;
    return put(call, value);
}

static int has_kind(const char *format, char kind) {
    if (format == NULL) return kind == 'u';
    if (format[0] == '@') format++;
    if (kind == 'c') return format[0] == 'Z' && format[1] != 0 && format[2] == 0;
    if (format[0] == 0 || format[1] != 0) return 0;
    switch (kind) {
        case 'i': return strchr("bhilqn", format[0]) != NULL;
        case 'u': return strchr("BHILQN", format[0]) != NULL;
        case 'f': return strchr("efdg", format[0]) != NULL;
        case '?': return format[0] == '?';
        default: return 0;
    }
}

static int take_array(const char **types, PyObject *object, Call *call) {
    char kind = (*types)[0];
    int size = (*types)[1] - '0', dimensions = (*types)[2] - '0';
    int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | ((*types)[3] == 'w' ? PyBUF_WRITABLE : 0);
    *types += 4;
    if (call->arrays_used >= MOST_ARRAYS || !PyObject_CheckBuffer(object)) return 0;
    Py_buffer *view = &call->arrays[call->arrays_used];
    if (PyObject_GetBuffer(object, view, flags) < 0) {
        PyErr_Clear();
        return 0;
    }
    call->arrays_used++;
    if (view->ndim != dimensions || view->itemsize != size || !has_kind(view->format, kind)) return 0;
    if ((uintptr_t)view->buf % (size > 8 ? 8 : size) != 0) return 0;
    int64_t items = 1;
    for (int k = 0; k < dimensions; k++) items *= view->shape[k];
    int fits = put_pointer(call, NULL) && put_pointer(call, NULL) && put_integer(call, items) &&
               put_integer(call, size) && put_pointer(call, view->buf);
    for (int k = 0; k < dimensions; k++) fits = fits && put_integer(call, view->shape[k]);
    for (int k = 0; k < dimensions; k++) fits = fits && put_integer(call, view->strides[k]);
    return fits;
}

/* Python's True and False, and numpy's, which are buffers of one item. */
static int is_truth(PyObject *object) {
    if (object == &_Py_TrueStruct || object == &_Py_FalseStruct) return 1;
    Py_buffer view;
    if (!PyObject_CheckBuffer(object)) return 0;
    if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT) < 0) {
        PyErr_Clear();
        return 0;
    }
    int found = view.ndim == 0 && has_kind(view.format, '?');
    PyBuffer_Release(&view);
    return found;
}

static int take(const char **types, PyObject *object, Call *call) {
    char type = *(*types)++;
    Value value;
    value.i = 0;
    switch (type) {
        case 'A':
            return take_array(types, object, call);
        case '(': {
            Py_ssize_t size = *(*types)++ - '0';
            if (!PyTuple_Check(object) || PyTuple_Size(object) != size) return 0;
            for (Py_ssize_t k = 0; k < size; k++)
                if (!take(types, PyTuple_GetItem(object, k), call)) return 0;
            return 1;
        }
        case 'N':
            return object == Py_None && put(call, value);
        case '?': {
            if (!is_truth(object)) return 0;
            int truth = PyObject_IsTrue(object);
            if (truth < 0) PyErr_Clear();
            value.i = truth;
            return truth >= 0 && put(call, value);
        }
        case 'd':
            value.d = PyFloat_AsDouble(object);
            break;
        case 'q':
        case 'Q': {
            PyObject *integer = PyNumber_Index(object);
            if (integer == NULL) break;
            if (type == 'q')
                value.i = PyLong_AsLongLong(integer);
            else
                value.i = (int64_t)PyLong_AsUnsignedLongLong(integer);
            Py_DecRef(integer);
            break;
        }
        default:
            return 0;
    }
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return put(call, value);
}

/* The next place in a result that suits a value of so many bytes. */
static char *place(char **result, size_t size) {
    uintptr_t at = ((uintptr_t)*result + size - 1) / size * size;
    *result = (char *)(at + size);
    return (char *)at;
}

static PyObject *give_array(const char **types, char **result) {
    char kind = (*types)[0];
    int size = (*types)[1] - '0', dimensions = (*types)[2] - '0';
    *types += 4;
    Memory *memory = *(Memory **)place(result, 8);
    place(result, 8);
    place(result, 8);
    place(result, 8);
    char *data = *(char **)place(result, 8);
    PyObject *shape = PyTuple_New(dimensions);
    for (int k = 0; k < dimensions && shape != NULL; k++)
        PyTuple_SetItem(shape, k, PyLong_FromLongLong(*(int64_t *)place(result, 8)));
    for (int k = 0; k < dimensions; k++) place(result, 8);
    char code[3] = {kind == '?' ? 'b' : kind, (char)('0' + size), 0};
    PyObject *array = shape == NULL ? NULL : PyObject_CallFunction(empty_array, "Os", shape, code);
    Py_DecRef(shape);
    if (array != NULL) {
        Py_buffer view;
        if (PyObject_GetBuffer(array, &view, PyBUF_WRITABLE) < 0) {
            Py_DecRef(array);
            array = NULL;
        } else {
            memcpy(view.buf, data, (size_t)view.len);
            PyBuffer_Release(&view);
        }
    }
    if (memory != NULL && __atomic_sub_fetch(&memory->count, 1, __ATOMIC_ACQ_REL) == 0) free(memory);
    return array;
}

static PyObject *give(const char **types, char **result) {
    char type = *(*types)++;
    switch (type) {
        case 'A':
            return give_array(types, result);
        case '(': {
            Py_ssize_t size = *(*types)++ - '0';
            PyObject *tuple = PyTuple_New(size);
            for (Py_ssize_t k = 0; k < size && tuple != NULL; k++) {
                PyObject *item = give(types, result);
                if (item == NULL) {
                    Py_DecRef(tuple);
                    return NULL;
                }
                PyTuple_SetItem(tuple, k, item);
            }
            return tuple;
        }
        case 'q':
            return PyLong_FromLongLong(*(int64_t *)place(result, 8));
        case 'Q':
            return PyLong_FromUnsignedLongLong(*(uint64_t *)place(result, 8));
        case 'd':
            return PyFloat_FromDouble(*(double *)place(result, 8));
        case '?':
            return PyBool_FromLong(*(uint8_t *)place(result, 1));
        default:
            Py_IncRef(Py_None);
            return Py_None;
    }
}

static PyObject *failed(int status, const Raised *raised) {
    if (status > 0 && raised != NULL) {
        PyObject *pickled = PyBytes_FromStringAndSize(raised->pickled, raised->size);
        if (pickled != NULL) {
            Py_DecRef(PyObject_CallFunction(raise_pickled, "O", pickled));
            Py_DecRef(pickled);
        }
    }
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "a kernel failed without an exception");
    return NULL;
}

static PyObject *run(const char *name, const Signature *signatures, int count,
                     PyObject *const *arguments, Py_ssize_t given) {
    Call call;
    for (int s = 0; s < count; s++) {
        const char *types = signatures[s].arguments;
        Py_ssize_t k = 0;
        call.values_used = call.arrays_used = 0;
        while (k < given && *types != 0 && take(&types, arguments[k], &call)) k++;
        if (k < given || *types != 0) {
            give_back(&call);
            continue;
        }
        char results[1024] __attribute__((aligned(16)));
        Raised *raised = NULL;
        PyThreadState *thread = PyEval_SaveThread();
        int status = signatures[s].invoke(call.values, results, &raised);
        PyEval_RestoreThread(thread);
        PyObject *result = NULL;
        char *at = results;
        types = signatures[s].result;
        if (status == 0 || status == -2)
            result = give(&types, &at);
        else
            result = failed(status, raised);
        give_back(&call);
        return result;
    }
    if (otherwise == NULL) {
        PyErr_SetString(PyExc_SystemError, "kernels are called before they are set up");
        return NULL;
    }
    PyObject *rest = PyTuple_New(given);
    if (rest == NULL) return NULL;
    for (Py_ssize_t k = 0; k < given; k++) {
        Py_IncRef(arguments[k]);
        PyTuple_SetItem(rest, k, arguments[k]);
    }
    PyObject *result = PyObject_CallFunction(otherwise, "sO", name, rest);
    Py_DecRef(rest);
    return result;
}

static PyObject *set_up(PyObject *self, PyObject *arguments) {
    (void)self;
    PyObject *given[3];
    PyObject **kept[3] = {&otherwise, &raise_pickled, &empty_array};
    if (!PyArg_ParseTuple(arguments, "OOO", &given[0], &given[1], &given[2])) return NULL;
    for (int k = 0; k < 3; k++) {
        PyObject *before = *kept[k];
        Py_IncRef(given[k]);
        *kept[k] = given[k];
        Py_DecRef(before);
    }
    Py_IncRef(Py_None);
    return Py_None;
}
