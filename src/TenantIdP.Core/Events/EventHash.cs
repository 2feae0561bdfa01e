using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Events;

/// <summary>
/// The bytes that a sealed event stands for, and their SHA-256 in lower-case hexadecimal. Published in docs/operations/audit.md, so that anybody can compute it: a change
/// here is a new version beside the old one, never another meaning of it.
/// </summary>
public static class EventHash
{
    /// <summary>What the first event of a chain carries on.</summary>
    public const string Start = "";

    private const string Version = "tenantidp-event-1";
    private const int Absent = -1;

    internal static string Of(Event e, string previous) => Of(e, previous, e.Position ?? throw new ArgumentException("Only a sealed event has a hash.", nameof(e)));

    internal static string Of(Event e, string previous, long position)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Version);
        Append(hash, previous);
        Append(hash, position);
        Append(hash, e.OrganizationId.Value);
        Append(hash, e.Id.Value);
        Append(hash, e.Type);
        Append(hash, (e.OccurredAt.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond); // the finest that every store keeps
        Append(hash, ActorName(e.ActorKind));
        Append(hash, e.ActorId);
        Append(hash, e.TargetId);
        Append(hash, e.Data);
        Append(hash, e.TraceId);
        Append(hash, e.PersonalHash);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of the erasable row: the salt keeps it from being guessed once the row is gone.</summary>
    internal static string OfPersonal(string salt, string data) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(salt + data)));

    private static string ActorName(ActorKind kind) => kind switch
    {
        ActorKind.System => "system",
        ActorKind.User => "user",
        ActorKind.App => "app",
        ActorKind.Directory => "directory",
        ActorKind.Config => "config",
        ActorKind.Key => "key",
    };

    // Each text after its length, so that no two different events are the same bytes.
    private static void Append(IncrementalHash hash, string? text)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, text is null ? Absent : Encoding.UTF8.GetByteCount(text));
        hash.AppendData(length);
        if (text is not null) hash.AppendData(Encoding.UTF8.GetBytes(text));
    }

    private static void Append(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        hash.AppendData(bytes);
    }
}
