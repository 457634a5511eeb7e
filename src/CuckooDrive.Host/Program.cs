using CuckooDrive.Host.CommandLine;
using CuckooDrive.Mount.Fuse;

WritebackRole.TryAssume();
return await CuckooProgram.RunAsync(args);
