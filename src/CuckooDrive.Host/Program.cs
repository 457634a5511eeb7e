using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Linux;
using CuckooDrive.Mount.Fuse;

StandardStreams.Secure();
WritebackRole.TryAssume();
return await CuckooProgram.RunAsync(args);
