using System.Runtime.InteropServices;

namespace CuckooDrive.Testing.FileSystems;

public static partial class Posix
{
#pragma warning disable IDE1006, SYSLIB1054, CA5392 // the names of the C library
    internal static partial class Native
    {
        private const string C = "libc";

        [LibraryImport(C, SetLastError = true)]
        public static partial int open(byte[] path, int flags, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int openat(int directory, byte[] path, int flags, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int close(int file);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint read(int file, ref byte buffer, nint length);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint write(int file, ref byte buffer, nint length);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint pread(int file, ref byte buffer, nint length, long offset);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint pwrite(int file, ref byte buffer, nint length, long offset);

        [LibraryImport(C, SetLastError = true)]
        public static partial int fsync(int file);

        [LibraryImport(C, SetLastError = true)]
        public static partial long lseek(int file, long offset, int whence);

        [LibraryImport(C, SetLastError = true)]
        public static partial int fallocate(int file, int mode, long offset, long length);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint copy_file_range(int source, ref long sourceOffset, int target, ref long targetOffset, nint length, uint flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial int truncate(byte[] path, long length);

        [LibraryImport(C, SetLastError = true)]
        public static partial int ftruncate(int file, long length);

        [LibraryImport(C, SetLastError = true)]
        public static partial int mkdir(byte[] path, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int mkdirat(int directory, byte[] path, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int mkfifo(byte[] path, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int mknod(byte[] path, int mode, ulong device);

        [LibraryImport(C, SetLastError = true)]
        public static partial int unlink(byte[] path);

        [LibraryImport(C, SetLastError = true)]
        public static partial int unlinkat(int directory, byte[] path, int flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial int rmdir(byte[] path);

        [LibraryImport(C, SetLastError = true)]
        public static partial int link(byte[] path, byte[] newPath);

        [LibraryImport(C, SetLastError = true)]
        public static partial int linkat(int directory, byte[] path, int newDirectory, byte[] newPath, int flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial int symlink(byte[] target, byte[] path);

        [LibraryImport(C, SetLastError = true)]
        public static partial int renameat2(int directory, byte[] path, int newDirectory, byte[] newPath, uint flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial int chmod(byte[] path, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int lchown(byte[] path, int uid, int gid);

        [LibraryImport(C, SetLastError = true)]
        public static partial int access(byte[] path, int mode);

        [LibraryImport(C, SetLastError = true)]
        public static partial int flock(int file, int operation);

        [LibraryImport(C, SetLastError = true)]
        public static partial int fcntl(int file, int command, ref byte argument);

        [LibraryImport(C, SetLastError = true)]
        public static partial int lsetxattr(byte[] path, byte[] name, ref byte value, nint size, int flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint lgetxattr(byte[] path, byte[] name, ref byte value, nint size);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint llistxattr(byte[] path, ref byte list, nint size);

        [LibraryImport(C, SetLastError = true)]
        public static partial int lremovexattr(byte[] path, byte[] name);

        [LibraryImport(C, SetLastError = true)]
        public static partial int statx(int directory, byte[] path, int flags, uint mask, ref byte buffer);

        [LibraryImport(C, SetLastError = true)]
        public static partial int statvfs(byte[] path, ref byte buffer);

        [LibraryImport(C, SetLastError = true)]
        public static partial int utimensat(int directory, byte[] path, ref long times, int flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint mmap(nint address, nint length, int protection, int flags, int file, long offset);

        [LibraryImport(C, SetLastError = true)]
        public static partial int munmap(nint address, nint length);

        [LibraryImport(C, SetLastError = true)]
        public static partial int msync(nint address, nint length, int flags);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint opendir(byte[] path);

        [LibraryImport(C, SetLastError = true)]
        public static partial nint readdir(nint directory);

        [LibraryImport(C, SetLastError = true)]
        public static partial long telldir(nint directory);

        [LibraryImport(C, SetLastError = true)]
        public static partial void seekdir(nint directory, long position);

        [LibraryImport(C, SetLastError = true)]
        public static partial void rewinddir(nint directory);

        [LibraryImport(C, SetLastError = true)]
        public static partial int closedir(nint directory);

        [LibraryImport(C)]
        public static partial int posix_fadvise(int file, long offset, long length, int advice);

        [LibraryImport(C, SetLastError = true)]
        public static partial int kill(int process, int signal);

        [LibraryImport(C)]
        public static partial int geteuid();

        [LibraryImport(C)]
        public static partial int getegid();
    }
#pragma warning restore IDE1006, SYSLIB1054, CA5392
}
