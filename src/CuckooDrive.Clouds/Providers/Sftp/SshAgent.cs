using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>
/// The keys that the user's SSH agent holds (draft-ietf-sshm-ssh-agent): it signs with them and never gives them away. An agent
/// that is not there or does not answer has no keys.
/// </summary>
internal static class SshAgent
{
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;
    private const uint Sha256Flag = 2;
    private const uint Sha512Flag = 4;
    private const int LongestAnswer = 256 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<IPrivateKeySource> Keys()
    {
        if (Environment.GetEnvironmentVariable("SSH_AUTH_SOCK") is not { Length: > 0 } path)
            return [];
        try
        {
            var answer = Ask(path, [RequestIdentities]);
            if (answer is not [IdentitiesAnswer, ..])
                return [];
            var reader = new Reader(answer.AsSpan(1));
            var keys = new List<IPrivateKeySource>();
            for (var count = reader.Number(); count > 0; count--)
            {
                var key = reader.Bytes().ToArray();
                reader.Bytes();
                keys.Add(new Key(path, key));
            }
            return keys;
        }
        catch (Exception exception) when (exception is SocketException or IOException or InvalidDataException)
        {
            return [];
        }
    }

    private static byte[] Ask(string path, byte[] request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.SendTimeout = socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        socket.Connect(new UnixDomainSocketEndPoint(path));
        using var stream = new NetworkStream(socket);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, request.Length);
        stream.Write([.. length, .. request]);
        stream.ReadExactly(length);
        var size = BinaryPrimitives.ReadInt32BigEndian(length);
        if (size is < 1 or > LongestAnswer)
            throw new InvalidDataException("The SSH agent's answer makes no sense.");
        var answer = new byte[size];
        stream.ReadExactly(answer);
        return answer;
    }

    private static byte[] Sign(string path, byte[] key, byte[] data, uint flags)
    {
        var request = new byte[1 + 4 + key.Length + 4 + data.Length + 4];
        request[0] = SignRequest;
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(1), key.Length);
        key.CopyTo(request, 5);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(5 + key.Length), data.Length);
        data.CopyTo(request, 9 + key.Length);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(9 + key.Length + data.Length), flags);
        var answer = Ask(path, request);
        if (answer is not [SignResponse, ..])
            throw new InvalidDataException("The SSH agent refuses to sign.");
        return new Reader(answer.AsSpan(1)).Bytes().ToArray();
    }

    private sealed class Key : IPrivateKeySource
    {
        public Key(string path, byte[] key)
        {
            var type = Encoding.ASCII.GetString(new Reader(key).Bytes());
            HostKeyAlgorithms = type == "ssh-rsa"
                ? [new Algorithm("rsa-sha2-512", path, key, Sha512Flag), new Algorithm("rsa-sha2-256", path, key, Sha256Flag)]
                : [new Algorithm(type, path, key, 0)];
        }

        public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms { get; }
    }

    private sealed class Algorithm(string name, string path, byte[] key, uint flags) : HostAlgorithm(name)
    {
        public override byte[] Data => key;

        public override byte[] Sign(byte[] data) => SshAgent.Sign(path, key, data, flags);

        // Only servers' keys are verified.
        public override bool VerifySignature(byte[] data, byte[] signature) => false;
    }

    private ref struct Reader(ReadOnlySpan<byte> data)
    {
        private ReadOnlySpan<byte> _data = data;

        public uint Number()
        {
            if (_data.Length < 4)
                throw new InvalidDataException("The SSH agent's answer is cut off.");
            var number = BinaryPrimitives.ReadUInt32BigEndian(_data);
            _data = _data[4..];
            return number;
        }

        public ReadOnlySpan<byte> Bytes()
        {
            var length = Number();
            if (length > _data.Length)
                throw new InvalidDataException("The SSH agent's answer is cut off.");
            var bytes = _data[..(int)length];
            _data = _data[(int)length..];
            return bytes;
        }
    }
}
