using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>The installed rclone over its local remote: one rclone for all checks.</summary>
public sealed class RcloneConformance(RcloneConformance.Shared shared) : CloudConformance, IClassFixture<RcloneConformance.Shared>
{
    // Five thousand uploads through one rclone take minutes.
    protected override bool RunsHeavyChecks => false;

    protected override ICloudStorage Open() => new Shared.Kept(shared.Storage);

    public sealed class Shared : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        public ICloudStorage Storage { get; }

        public Shared() => Storage = CloudRegistry.Default.Open($"rclone::local:{_folder.Path}?quota=true");

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            await Storage.DisposeAsync();
            _folder.Dispose();
        }

        internal sealed class Kept(ICloudStorage inner) : Decorators.DelegatingStorage(inner)
        {
            public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
