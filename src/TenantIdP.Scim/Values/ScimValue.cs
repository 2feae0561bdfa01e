namespace TenantIdP.Scim.Values;

/// <summary>A value of an attribute. What is unassigned has none: there is no null value (RFC 7643 2.5).</summary>
public abstract class ScimValue
{
    private protected ScimValue()
    {
    }

    /// <summary>The text of a string, reference or binary; null for anything else.</summary>
    public string? AsText => (this as TextValue)?.Text;

    /// <summary>Simple values are immutable and shared.</summary>
    internal virtual ScimValue Copy() => this;
}

/// <summary>A string, a reference or base64.</summary>
public sealed class TextValue(string text) : ScimValue
{
    public string Text { get; } = text;

    public override string ToString() => Text;
}

public sealed class BooleanValue : ScimValue
{
    private BooleanValue(bool value) => Value = value;

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public bool Value { get; }

    public static BooleanValue Of(bool value) => value ? True : False;

    public override string ToString() => Value ? "true" : "false";
}

/// <summary>An integer or a decimal.</summary>
public sealed class NumberValue(decimal value) : ScimValue
{
    public decimal Value { get; } = value;

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>An xsd:dateTime; compared as an instant, written in UTC.</summary>
public sealed class DateTimeValue(DateTimeOffset value) : ScimValue
{
    public DateTimeOffset Value { get; } = value.ToUniversalTime();

    public override string ToString() => ScimDateTime.Format(Value);
}
