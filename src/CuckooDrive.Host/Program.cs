using CuckooDrive.Host.CommandLine;

return await CuckooProgram.RunAsync(args);
