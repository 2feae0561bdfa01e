using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Core.Kernel;

/// <summary>Names the prefix of an aggregate's public ids, such as <c>org</c> in <c>org_01k9…</c>.</summary>
public interface IHasIdPrefix
{
    static abstract string IdPrefix { get; }
}

/// <summary>
/// A typed id: a version 7 UUID (RFC 9562), written as prefix, underscore and 26 lower-case Crockford base32 characters. Sorts by creation time.
/// </summary>
public readonly record struct Id<T>(Guid Value) : ISpanParsable<Id<T>>, IComparable<Id<T>> where T : IHasIdPrefix
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Digits = 26;

    public static Id<T> New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Not above any id that was made in this millisecond, and above all that were made before it. No id of anything.</summary>
    public static Id<T> FirstOf(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes, Math.Max(time.ToUnixTimeMilliseconds(), 0) << 16); // RFC 9562 section 5.7: 48 bits
        return new(new Guid(bytes, bigEndian: true));
    }

    public static bool operator <(Id<T> left, Id<T> right) => left.CompareTo(right) < 0;
    public static bool operator >(Id<T> left, Id<T> right) => left.CompareTo(right) > 0;
    public static bool operator <=(Id<T> left, Id<T> right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Id<T> left, Id<T> right) => left.CompareTo(right) >= 0;

    public int CompareTo(Id<T> other) => Value.CompareTo(other.Value);

    public override string ToString() => string.Create(T.IdPrefix.Length + 1 + Digits, Value, static (text, value) =>
    {
        T.IdPrefix.CopyTo(text);
        text[T.IdPrefix.Length] = '_';
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        for (var i = text.Length - 1; i > T.IdPrefix.Length; i--)
        {
            text[i] = Alphabet[(int)(bits & 31)];
            bits >>= 5;
        }
    });

    public static Id<T> Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    public static Id<T> Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"Not an id of the form {T.IdPrefix}_ and 26 characters.");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Id<T> result) => TryParse(s.AsSpan(), provider, out result);

    public static bool TryParse([NotNullWhen(true)] string? s, out Id<T> result) => TryParse(s.AsSpan(), null, out result);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Id<T> result)
    {
        result = default;
        if (s.Length != T.IdPrefix.Length + 1 + Digits || !s.StartsWith(T.IdPrefix, StringComparison.Ordinal) || s[T.IdPrefix.Length] != '_') return false;

        UInt128 bits = 0;
        var digits = s[(T.IdPrefix.Length + 1)..];
        if (digits[0] > '7') return false; // 26 digits hold 130 bits; the first may use three of its five.
        foreach (var c in digits)
        {
            var digit = Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0) return false;
            bits = (bits << 5) | (uint)digit;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        result = new(new Guid(bytes, bigEndian: true));
        return result != default; // all zeros is no id of ours but the instance, which nobody names
    }
}
