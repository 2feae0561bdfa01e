using System.Text.Json;

namespace TenantIdP.Server.Http;

/// <summary>Text that every store can keep and every reader can write: no U+0000, which PostgreSQL refuses, and no half of a surrogate pair, which is no character.</summary>
internal static class StorableText
{
    public static bool Is(string? text)
    {
        for (var i = 0; i < text?.Length; i++)
        {
            if (text[i] == '\0' || char.IsLowSurrogate(text[i])) return false;
            if (!char.IsHighSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }

    /// <summary>Whether all strings of a JSON text are. Broken JSON is left to who binds it.</summary>
    public static bool IsIn(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !Is(reader.GetString())) return false;
            }
        }
        catch (JsonException)
        {
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // bytes or an escape that are no Unicode
        }

        return true;
    }
}
