using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Events;

namespace TenantIdP.Tests.Events;

/// <summary>Written after docs/operations/audit.md alone, as somebody outside would.</summary>
internal static class PublishedHash
{
    public static string Of(Event e, string previous)
    {
        var bytes = new MemoryStream();
        Text("tenantidp-event-1");
        Text(previous);
        Number(e.Position!.Value); // sealed
        bytes.Write(e.OrganizationId.Value.ToByteArray(bigEndian: true));
        bytes.Write(e.Id.Value.ToByteArray(bigEndian: true));
        Text(e.Type);
        Number((e.OccurredAt - DateTimeOffset.UnixEpoch).Ticks / 10);
        Text(e.ActorKind.ToString().ToLowerInvariant());
        Text(e.ActorId);
        Text(e.TargetId);
        Text(e.Data);
        Text(e.TraceId);
        Text(e.PersonalHash);
        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));

        void Text(string? text)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, text is null ? -1 : Encoding.UTF8.GetByteCount(text));
            bytes.Write(length);
            if (text is not null) bytes.Write(Encoding.UTF8.GetBytes(text));
        }

        void Number(long number)
        {
            var eight = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(eight, number);
            bytes.Write(eight);
        }
    }
}
