using CuckooDrive.Testing.FileSystems;

if (args is ["floor", var mountPoint])
{
    await FloorMount.RunAsync(mountPoint);
    return 0;
}
Console.Error.WriteLine("usage: floor MOUNTPOINT    mounts a file system in memory: the floor of the comparisons");
return 2;
