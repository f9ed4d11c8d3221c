/* What glue.c uses of Python's stable interface (PEP 384, Python >= 3.11, builds with the global
 * lock), declared here because many machines have Python without its headers. */
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define IMPORTED __declspec(dllimport)
#define EXPORTED __declspec(dllexport)
#else
#define IMPORTED
#define EXPORTED __attribute__((visibility("default")))
#endif

typedef ptrdiff_t Py_ssize_t;
typedef struct PyTypeObject PyTypeObject;
typedef struct PyThreadState PyThreadState;
typedef struct PyObject {
    Py_ssize_t ob_refcnt;
    PyTypeObject *ob_type;
} PyObject;

typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer;

#define PyBUF_WRITABLE 0x1
#define PyBUF_FORMAT 0x4
#define PyBUF_C_CONTIGUOUS (0x20 | 0x10 | 0x8)

typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);
typedef struct {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

#define METH_VARARGS 0x1
#define METH_NOARGS 0x4
#define METH_FASTCALL 0x80

typedef struct PyModuleDef {
    PyObject ob_base;
    PyObject *(*m_init)(void);
    Py_ssize_t m_index;
    PyObject *m_copy;
    const char *m_name, *m_doc;
    Py_ssize_t m_size;
    PyMethodDef *m_methods;
    void *m_slots, *m_traverse, *m_clear, *m_free;
} PyModuleDef;

/* The version of the stable interface that modules say they use: 3, since 2008. */
#define PYTHON_ABI_VERSION 3

IMPORTED extern PyTypeObject PyFloat_Type;
IMPORTED extern PyObject _Py_NoneStruct, _Py_TrueStruct, _Py_FalseStruct;
IMPORTED extern PyObject *PyExc_SystemError;
#define Py_None (&_Py_NoneStruct)

IMPORTED PyObject *PyBool_FromLong(long);
IMPORTED void PyBuffer_Release(Py_buffer *);
IMPORTED void PyErr_Clear(void);
IMPORTED PyObject *PyErr_Occurred(void);
IMPORTED void PyErr_SetString(PyObject *, const char *);
IMPORTED void PyEval_RestoreThread(PyThreadState *);
IMPORTED PyThreadState *PyEval_SaveThread(void);
IMPORTED double PyFloat_AsDouble(PyObject *);
IMPORTED PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
IMPORTED PyObject *PyFloat_FromDouble(double);
IMPORTED PyObject *PyList_New(Py_ssize_t);
IMPORTED int PyList_SetItem(PyObject *, Py_ssize_t, PyObject *);
IMPORTED long long PyLong_AsLongLong(PyObject *);
IMPORTED unsigned long long PyLong_AsUnsignedLongLong(PyObject *);
IMPORTED PyObject *PyLong_FromLongLong(long long);
IMPORTED PyObject *PyLong_FromUnsignedLongLong(unsigned long long);
IMPORTED PyObject *PyModule_Create2(PyModuleDef *, int);
IMPORTED PyObject *PyNumber_Index(PyObject *);
IMPORTED int PyObject_CheckBuffer(PyObject *);
IMPORTED int PyObject_GetBuffer(PyObject *, Py_buffer *, int);
IMPORTED int PyObject_IsTrue(PyObject *);
IMPORTED PyObject *PyObject_CallFunction(PyObject *, const char *, ...);
IMPORTED int PyArg_ParseTuple(PyObject *, const char *, ...);
IMPORTED int PyOS_snprintf(char *, size_t, const char *, ...);
IMPORTED PyObject *Py_BuildValue(const char *, ...);
IMPORTED PyObject *PyTuple_GetItem(PyObject *, Py_ssize_t);
IMPORTED PyObject *PyTuple_New(Py_ssize_t);
IMPORTED int PyTuple_SetItem(PyObject *, Py_ssize_t, PyObject *);
IMPORTED Py_ssize_t PyTuple_Size(PyObject *);
IMPORTED unsigned long PyType_GetFlags(PyTypeObject *);
IMPORTED int PyType_IsSubtype(PyTypeObject *, PyTypeObject *);
IMPORTED void Py_DecRef(PyObject *);
IMPORTED void Py_IncRef(PyObject *);

/* Every tuple has this flag, whatever its class. */
#define PyTuple_Check(object) ((PyType_GetFlags((object)->ob_type) & 1ul << 26) != 0)
#define PyFloat_Check(object) PyType_IsSubtype((object)->ob_type, &PyFloat_Type)
