# The whole project by one script on Windows; build.sh has the same verbs for Linux and macOS:
#   ./build.ps1 demo    build, and show a drive that loses a cloud and its machine (not on Windows yet)
#   ./build.ps1 test    build, and run every test; the last line is "N passed, N failed"
#   ./build.ps1 bench   run the benchmarks
#   ./build.ps1 pack    make the packages in artifacts/packages
param([Parameter(Mandatory = $true)][ValidateSet('demo', 'test', 'bench', 'pack')][string] $Verb)
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'
$suffix = if ($env:OS -eq 'Windows_NT') { '.exe' } else { '' }

function Build([string] $what) {
    Write-Host "Building $what"
    dotnet build $what -c Release -v quiet -nologo
    if ($LASTEXITCODE -ne 0) { throw 'the build failed' }
}

function Test-All {
    Build 'CuckooDrive.sln'
    $results = 'artifacts/test-results'
    if (Test-Path $results) { Remove-Item -Recurse -Force $results }
    New-Item -ItemType Directory $results | Out-Null
    $passed = 0
    $failed = 0
    foreach ($project in Get-ChildItem tests -Directory -Filter '*.Tests' | Sort-Object Name) {
        $name = $project.Name
        $report = "$results/$name.xml"
        Write-Host "Testing $name"
        & "artifacts/bin/$name/release/$name$suffix" -noLogo -noColor -xml $report | Out-Host
        $status = $LASTEXITCODE
        $bad = 0
        $total = 0
        if (Test-Path $report) {
            foreach ($assembly in ([xml](Get-Content -Raw $report)).assemblies.assembly) {
                $passed += [int]$assembly.passed
                $total += [int]$assembly.total
                $bad += [int]$assembly.failed + [int]$assembly.errors
            }
        }
        if ($bad -eq 0 -and ($status -ne 0 -or $total -eq 0)) {
            Write-Host "$name ended with status $status without a failed test: it crashed or ran nothing"
            $bad = 1
        }
        $failed += $bad
    }
    Write-Host "$passed passed, $failed failed"
    if ($failed -ne 0) { exit 1 }
}

function New-Packages {
    $out = 'artifacts/packages'
    if (Test-Path $out) { Remove-Item -Recurse -Force $out }
    New-Item -ItemType Directory $out | Out-Null
    dotnet pack src/CuckooDrive.Clouds -c Release -v quiet -nologo -o $out
    if ($LASTEXITCODE -ne 0) { throw 'packing failed' }
    dotnet publish src/CuckooDrive.Host -c Release -r win-x64 --self-contained -v quiet -nologo -p:DebugType=none -o artifacts/pack-stage
    if ($LASTEXITCODE -ne 0) { throw 'publishing failed' }
    Compress-Archive -Path artifacts/pack-stage/* -DestinationPath "$out/cuckoo-win-x64.zip"
    Remove-Item -Recurse -Force artifacts/pack-stage
}

switch ($Verb) {
    'demo' { Build 'src/CuckooDrive.Host'; & "artifacts/bin/CuckooDrive.Host/release/cuckoo$suffix" demo; exit $LASTEXITCODE }
    'test' { Test-All }
    'bench' { Build 'tests/CuckooDrive.Benchmarks'; & "artifacts/bin/CuckooDrive.Benchmarks/release/CuckooDrive.Benchmarks$suffix"; exit $LASTEXITCODE }
    'pack' { New-Packages }
}
