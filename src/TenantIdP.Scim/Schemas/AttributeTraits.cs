namespace TenantIdP.Scim.Schemas;

#pragma warning disable CA1720 // The names of the standard.
/// <summary>RFC 7643 2.3.</summary>
public enum AttributeType
{
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Reference,
    Binary,
    Complex,
}
#pragma warning restore CA1720

/// <summary>RFC 7643 7, <c>mutability</c>.</summary>
public enum Mutability
{
    ReadWrite,
    ReadOnly,

    /// <summary>Set once, never changed.</summary>
    Immutable,
    WriteOnly,
}

/// <summary>RFC 7643 7, <c>returned</c>.</summary>
public enum Returned
{
    Default,
    Always,
    Never,

    /// <summary>Only when it is asked for by name.</summary>
    Request,
}

/// <summary>RFC 7643 7, <c>uniqueness</c>.</summary>
public enum Uniqueness
{
    None,
    Server,
    Global,
}
