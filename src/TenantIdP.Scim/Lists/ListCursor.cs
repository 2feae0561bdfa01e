using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Lists;

/// <summary>
/// A cursor: when it was made, of which query, and where the page ended. Not a secret and not signed: whoever changes it asks the same query from another place, within the
/// organization that the request is bound to anyway. Only characters that stand in addresses as they are.
/// </summary>
internal static class ListCursor
{
    private const byte Format = 1;
    private const int Header = 1 + sizeof(long) + sizeof(ulong);

    public static string Make(string position, ulong query, DateTimeOffset now)
    {
        var bytes = new byte[Header + Encoding.UTF8.GetByteCount(position)];
        bytes[0] = Format;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), now.ToUnixTimeSeconds());
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(1 + sizeof(long)), query);
        Encoding.UTF8.GetBytes(position, bytes.AsSpan(Header));
        return Base64Url.EncodeToString(bytes);
    }

    public static ScimResult<string> Read(string cursor, ulong query, DateTimeOffset now, TimeSpan lifetime)
    {
        if (cursor.Length > ScimLimits.MaxCursorLength || !Base64Url.IsValid(cursor)) return ScimErrors.InvalidCursor();
        var bytes = Base64Url.DecodeFromChars(cursor);
        if (bytes.Length <= Header || bytes[0] != Format || BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(1 + sizeof(long))) != query) return ScimErrors.InvalidCursor();
        var age = now.ToUnixTimeSeconds() - BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(1));
        if (age > (long)lifetime.TotalSeconds) return ScimErrors.ExpiredCursor(lifetime);
        var position = bytes.AsSpan(Header);
        if (age < -(long)lifetime.TotalSeconds || !System.Text.Unicode.Utf8.IsValid(position)) return ScimErrors.InvalidCursor();
        var text = Encoding.UTF8.GetString(position);
        return PlainText.IsWellFormed(text) ? text : ScimErrors.InvalidCursor();
    }
}
